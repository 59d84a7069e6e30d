"""Ask a model at the user's expense: the unmodified `openai` package, the hub's address, the user's access token."""

import os
import sys

import openai

client = openai.OpenAI(base_url=os.environ["OIDC_ISSUER"] + "/v1", api_key=os.environ["ACCESS_TOKEN"])
try:
    stream = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": " ".join(sys.argv[1:]) or "Say hello"}],
        stream=True,
        stream_options={"include_usage": True},  # so that the user sees on the hub what it cost
    )
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            print(chunk.choices[0].delta.content, end="", flush=True)
except openai.APIStatusError as problem:
    # 401: sign in again. 402: too little money; the message says where to top up. 403: `api` was not allowed.
    sys.exit(f"{problem.status_code}: {problem.message}")
print()
