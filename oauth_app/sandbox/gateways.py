"""Gateways for command-line programs: the same handlers at other addresses, where calls cost less."""

from typing import Final

from starlette.routing import Route

from oauth_app.sandbox import llm_chat, llm_messages, llm_models, responses_api
from oauth_app.sandbox.vendor_paths import CLAUDE_CODE, CODEX

ROUTES: Final = (
    Route(f"{CLAUDE_CODE}/v1/messages", llm_messages.messages, methods=["POST"]),
    Route(f"{CLAUDE_CODE}/v1/messages/count_tokens", llm_messages.count_tokens, methods=["POST"]),
    Route(f"{CLAUDE_CODE}/v1/chat/completions", llm_chat.chat_completions, methods=["POST"]),
    Route(f"{CLAUDE_CODE}/models", llm_models.list_models, methods=["GET"]),
    Route(f"{CODEX}/v1/responses", responses_api.create, methods=["POST"]),
)
