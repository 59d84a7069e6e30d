"""Stream an answer at the user's expense, by LiteLLM as a library; MODEL may name one of either vendor."""

import os
import sys

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or it fetches a price list when it is imported

import litellm
import openai

hub, token = os.environ["OIDC_ISSUER"], os.environ["ACCESS_TOKEN"]
name = os.environ.get("MODEL", "gpt-4o-mini")
# The prefix says which vendor's API is spoken, and so where the address ends.
where = (f"anthropic/{name}", hub) if name.startswith("claude") else (f"openai/{name}", f"{hub}/v1")
question = " ".join(sys.argv[1:]) or "Say hello"
try:
    stream = litellm.completion(
        model=where[0],
        api_base=where[1],
        api_key=token,
        messages=[{"role": "user", "content": question}],
        stream=True,
    )
    for chunk in stream:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
except openai.APIStatusError as problem:
    sys.exit(f"{problem.status_code}: {problem.message}")
print()
