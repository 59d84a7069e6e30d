"""Stream an answer at the user's expense, by OpenAI's package."""

import os
import sys

import openai

client = openai.OpenAI(base_url=os.environ["OIDC_ISSUER"] + "/v1", api_key=os.environ["ACCESS_TOKEN"])
question = " ".join(sys.argv[1:]) or "Say hello"
try:
    # Leaving the block, also by an exception, closes the stream; the model stops, and so do the costs.
    with client.responses.create(model="gpt-4o-mini", input=question, stream=True) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                print(event.delta, end="", flush=True)
except openai.APIStatusError as problem:
    sys.exit(f"{problem.status_code}: {problem.message} (request {problem.request_id})")
except openai.APIError as problem:  # the connection, or the stream, broke
    sys.exit(f"\n{problem}")
print()
