"""The user's OhMyGPT token never leaves: not in an answer, not in a header, not in a log line."""

import logging

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from oauth_app.db import transaction
from oauth_app.models import UpstreamConnection
from oauth_app.relay.redaction import Redactor
from tests.relay.conftest import SECRET, Relayed
from tests.relay.servers import Stub

BLOT = "*" * len(SECRET)


@pytest.mark.parametrize("status", [200, 400, 401, 404, 500])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", "text/plain", "application/octet-stream"])
def test_an_answer_that_quotes_the_token_is_blotted(relayed: Relayed, stub: Stub, status: int, kind: str) -> None:
    """Vendors like to repeat a wrong key in their errors; ours is not for the partner."""

    async def script(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"content-type": kind, "openai-organization": SECRET})
        await response.prepare(request)
        for piece in ("{ ", SECRET[:9], SECRET[9:], f" {SECRET}", " }"):
            await response.write(piece.encode())
        return response

    stub.script = script
    answer = relayed.chat()

    assert SECRET not in answer.text + str(answer.headers)
    assert status == 500 or answer.text == f"{{ {BLOT} {BLOT} }}"


def test_no_log_line_holds_a_token(relayed: Relayed, stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong, neither the upstream token nor the access token is written down."""
    caplog.set_level(logging.DEBUG)

    async def script(request: web.Request) -> web.Response:
        request.transport.abort()  # type: ignore[union-attr]
        return web.Response()

    stub.script = script
    relayed.chat()
    with transaction(relayed.hub.engine) as session:
        session.get_one(UpstreamConnection, relayed.user_id).sealed_token = b"broken"
    relayed.hub.callers.forget_all()
    assert relayed.chat().json()["error"]["code"] == "internal_error"

    ours = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith(("oauth_app", "uvicorn"))
    )
    assert "failed" in ours
    assert SECRET not in ours
    assert relayed.token not in ours


@given(st.lists(st.sampled_from([b"a", b"b", b"ab", b"aab", b"c", b""])), st.sampled_from(["aab", "aabaab", "a"]))
def test_pieces_hide_nothing_and_lose_nothing(pieces: list[bytes], secret: str) -> None:
    """However the bytes are cut, all of them arrive, at the same length, without the secret."""
    redactor = Redactor(secret)
    whole = b"".join([*[redactor.clean(piece) for piece in pieces], redactor.rest()])

    assert whole == b"".join(pieces).replace(secret.encode(), b"*" * len(secret))


def test_an_event_is_not_held_back() -> None:
    """Only an end that could be the secret's beginning waits; the end of an event never does."""
    event = b'data: {"o": "omg-oat"}\n\n'
    assert Redactor(SECRET).clean(event) == event
