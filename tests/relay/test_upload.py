"""A body on its way keeps its end back until it is judged: without it nothing can be executed."""

import asyncio
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_app.relay.request_body import BodyReader
from oauth_app.relay.upload import Upload
from oauth_app.relay.usage_wish import ADDED_BYTES


class Pieces:
    """A caller who sends these."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = [*pieces, b""]

    async def piece(self) -> bytes:
        """Return the next one."""
        return self._pieces.pop(0)


class Recorder:
    """Where the body goes."""

    def __init__(self) -> None:
        self.written = b""
        self.is_whole = False

    def write(self, content: bytes) -> None:
        """Take some of it."""
        self.written += content

    async def drain(self) -> None:
        """Wait for nothing."""

    def end_request(self) -> None:
        """Note the end."""
        self.is_whole = True


async def passed(pieces: list[bytes], *, length: int | None, may_ask: bool = False) -> tuple[bytes, bytes, int | None]:
    """Return what had passed before the judgement, what had at the end, and the length that was announced."""
    upload = Upload(cast("Any", Pieces(pieces)), BodyReader(b"application/json"), length=length, may_ask=may_ask)
    there = Recorder()
    there.written = await upload.beginning()
    wish = await upload.middle(cast("Any", there), patience_s=1)
    before = there.written
    upload.end(cast("Any", there), wish)
    assert there.is_whole
    return before, there.written, upload.length


@given(st.lists(st.binary(min_size=1), min_size=1))
def test_a_body_of_known_length_lacks_its_end_until_it_is_judged(pieces: list[bytes]) -> None:
    """However it is cut, at least one byte is missing before, and none is changed after."""
    whole = b"".join(pieces)
    before, after, length = asyncio.run(passed(pieces, length=len(whole)))
    assert len(before) < len(whole)
    assert (after, length) == (whole, len(whole))


def test_a_body_of_unknown_length_lacks_its_last_chunk() -> None:
    """The chunk that says that there is no more comes after the judgement."""
    before, after, _ = asyncio.run(passed([b'{"a":', b"1}"], length=None))
    assert (before.endswith(b"1}\r\n"), after.endswith(b"1}\r\n0\r\n\r\n")) == (True, True)


@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize("cut", [1, 10, 28])
def test_a_body_that_may_be_changed_is_as_long_as_announced(is_stream: bool, cut: int) -> None:  # noqa: FBT001
    """Whether the usage is asked for or not, the announced length is kept, and the end waits."""
    whole = b'{"model":"gpt-4o-mini","stream":%b}' % (b"true" if is_stream else b"false")
    before, after, length = asyncio.run(passed([whole[:cut], whole[cut:]], length=len(whole), may_ask=True))
    assert len(before) < len(whole)
    assert len(after) == length == len(whole) + ADDED_BYTES
    assert (b"include_usage" in after) is is_stream
