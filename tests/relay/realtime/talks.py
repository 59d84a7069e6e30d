"""Talks by OpenAI's own package, and by hand, through the relay to the sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import openai
from openai.resources.realtime.realtime import RealtimeConnection

from oauth_app.relay import PriceBook
from oauth_app.relay.wishes import wish_of_query
from tests.fixtures.hub import Sandbox
from tests.relay.conftest import Relayed

ALICE, MODEL = "alice@example.com", "gpt-realtime"
TEXT = {"output_modalities": ["text"]}
#: What one answer is reserved with.
CEILING = PriceBook.load().ceiling("/v1/realtime", wish_of_query(f"model={MODEL}".encode()), 0)


@contextmanager
def talking(relayed: Relayed) -> Iterator[RealtimeConnection]:
    """Open a talk by the vendor's own client."""
    with (
        openai.OpenAI(api_key=relayed.token, base_url=f"{relayed.url}/v1", max_retries=0) as client,
        client.realtime.connect(model=MODEL) as made,
    ):
        assert made.recv().type == "session.created"
        yield made


def ask(talk: RealtimeConnection, text: str, **response: Any) -> list[Any]:  # noqa: ANN401 - any event
    """Ask, and return the events of the answer."""
    say(talk, text, **response)
    return until_done(talk)


def say(talk: RealtimeConnection, text: str, **response: Any) -> None:  # noqa: ANN401 - any event
    """Ask, and leave the answer on its way."""
    part = {"type": "input_text", "text": text}
    talk.conversation.item.create(item={"type": "message", "role": "user", "content": [part]})
    talk.response.create(response=TEXT | response)


def until_done(talk: RealtimeConnection) -> list[Any]:
    """Return the events up to the end of an answer."""
    events: list[Any] = []
    while not events or events[-1].type not in {"response.done", "error"}:
        events.append(talk.recv())
    return events


def charged(sandbox: Sandbox) -> int:
    """Return what the sandbox took for calls, at list prices: it sells this model at 40 percent of them."""
    return int(Decimal(sandbox.account(ALICE)["spent_on_calls"]) * 100 / 40 * 100)
