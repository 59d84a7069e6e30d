"""The routes of the vendors' APIs that came after chat, messages, embeddings and models."""

from typing import Final

from starlette.routing import BaseRoute

from oauth_app.sandbox import (
    chat_store,
    conversations,
    gateways,
    llm_complete,
    llm_completions,
    moderations,
    realtime,
    responses_api,
    speech,
    transcriptions,
)

ROUTES: Final[tuple[BaseRoute, ...]] = (
    *llm_complete.ROUTES,
    *llm_completions.ROUTES,
    *moderations.ROUTES,
    *speech.ROUTES,
    *transcriptions.ROUTES,
    *chat_store.ROUTES,
    *responses_api.ROUTES,
    *conversations.ROUTES,
    *gateways.ROUTES,
    *realtime.ROUTES,
)
