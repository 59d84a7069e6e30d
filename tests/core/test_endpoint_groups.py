"""Kinds of AI calls by their path."""

import pytest

from oauth_app.endpoint_groups import group_of


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("/v1/chat/completions", "chat"),
        ("/V1/Chat/Completions/", "chat"),
        ("/v1/responses/resp_1/input_items", "chat"),
        ("/v1/conversations", "chat"),
        ("/v1/messages/count_tokens", "chat"),
        ("/v1/complete", "chat"),
        ("/v1/completions", "chat"),
        ("/api/v1/ai/openai/cc-omg/v1/messages", "chat"),
        ("/api/v1/ai/openai/codex-omg/v1/responses", "chat"),
        ("/api/v1/ai/openai/cc-omg/models", "models"),
        ("/api/v1/ai/openai/cc-omg/v1/images/generations", "images"),
        ("/api/v1/ai/openai/cc-omg/new", "other"),
        ("/v1/embeddings", "embeddings"),
        ("/v1/images/edits", "images"),
        ("/api/v1/ai/draw/mj/imagine", "images"),
        ("/api/v1/ai/draw/flux/pro", "images"),
        ("/api/v1/ai/draw/nd/imagine", "images"),
        ("/v1/audio/speech", "audio"),
        ("/api/v1/ai/azure/tts", "audio"),
        ("/v1/files/file-1/content", "files"),
        ("/api/v1/user/files/upload", "files"),
        ("/api/v1/f/pri/x", "files"),
        ("/api/v1/openapi/search/serper/v1", "search"),
        ("/v1/realtime", "realtime"),
        ("/v1/models/gpt-4o", "models"),
        ("/api/v1/pay/model-rates", "models"),
        ("/v1/moderations", "other"),
        ("/v1/chatter", "other"),
        ("/v1", "other"),
        ("/", "other"),
        ("", "other"),
    ],
)
def test_the_path_tells_the_kind(path: str, group: str) -> None:
    """By whole segments, in any case of letters; what is not known is something else."""
    assert group_of(path) == group
