"""Stream an answer at the user's expense, by LangChain; MODEL may name one of either vendor."""

import os
import sys

import anthropic
import openai
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI

hub, token = os.environ["OIDC_ISSUER"], os.environ["ACCESS_TOKEN"]
name = os.environ.get("MODEL", "gpt-4o-mini")
if name.startswith("claude"):
    model = ChatAnthropic(model=name, base_url=hub, api_key=token)
else:
    model = ChatOpenAI(model=name, base_url=f"{hub}/v1", api_key=token)
try:
    for chunk in model.stream(" ".join(sys.argv[1:]) or "Say hello"):
        print(chunk.text, end="", flush=True)
except (openai.APIStatusError, anthropic.APIStatusError) as problem:
    sys.exit(f"{problem.status_code}: {problem.message} (request {problem.request_id})")
print()
