"""Talk with a model over a WebSocket at the user's expense, by OpenAI's package."""

import json
import os
import sys

import openai
import websockets

client = openai.OpenAI(base_url=os.environ["OIDC_ISSUER"] + "/v1", api_key=os.environ["ACCESS_TOKEN"])
question = " ".join(sys.argv[1:]) or "Say hello"
try:
    with client.realtime.connect(model="gpt-realtime") as talk:
        part = {"type": "input_text", "text": question}
        talk.conversation.item.create(item={"type": "message", "role": "user", "content": [part]})
        talk.response.create(response={"output_modalities": ["text"]})
        for event in talk:
            if event.type == "response.output_text.delta":
                print(event.delta, end="", flush=True)
            elif event.type == "response.done":
                break
            elif event.type == "error":
                sys.exit(f"{event.error.code}: {event.error.message}")
except websockets.InvalidStatus as refusal:  # there is no talk; the answer says why
    sys.exit(f"{refusal.response.status_code}: {json.loads(refusal.response.body)['error']['message']}")
except websockets.ConnectionClosed as closed:  # the reason is the code of an error, such as limit_exceeded
    sys.exit(f"\n{closed}")
print()
