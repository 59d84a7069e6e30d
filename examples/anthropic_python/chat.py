"""Stream an answer at the user's expense, by Anthropic's package."""

import os
import sys

import anthropic

client = anthropic.Anthropic(base_url=os.environ["OIDC_ISSUER"], auth_token=os.environ["ACCESS_TOKEN"])
question = " ".join(sys.argv[1:]) or "Say hello"
try:
    # Leaving the block, also by an exception, closes the stream; the model stops, and so do the costs.
    with client.messages.stream(
        model="claude-sonnet-4-6", max_tokens=1000, messages=[{"role": "user", "content": question}]
    ) as stream:
        for text in stream.text_stream:
            print(text, end="", flush=True)
except anthropic.APIStatusError as problem:
    sys.exit(f"{problem.status_code}: {problem.message} (request {problem.request_id})")
except anthropic.APIError as problem:  # no connection
    sys.exit(f"\n{problem}")
print()
