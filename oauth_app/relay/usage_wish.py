"""Asks for the usage of a stream whose caller did not ask, by a change of the body that keeps its length known.

OpenAI's older streams tell what they used only if ``stream_options.include_usage`` is set. The length of a
body is told before its end is known, so the same number of bytes is always added: the wish, or spaces.
"""

from oauth_app.relay.wishes import Wish

_WISH = b',"stream_options":{"include_usage":true}'
#: By so much each body grows that may be changed.
ADDED_BYTES = len(_WISH)
_SPACES = b" " * ADDED_BYTES
_JSON_SPACE = b" \t\r\n"
_ENDINGS = ("/v1/chat/completions", "/v1/completions")
#: More space than this at the end of a body is not held back.
_MOST_SPACE_BYTES = 65_536


def may_ask(path: str, content_type: bytes, content_encoding: bytes = b"") -> bool:
    """Tell whether the usage of a call may have to be asked for, from what is known before its body."""
    kind = content_type.partition(b";")[0].strip().lower()
    is_plain = content_encoding.strip().lower() in {b"", b"identity"}
    return kind == b"application/json" and is_plain and path.lower().rstrip("/").endswith(_ENDINGS)


def must_ask(wish: Wish) -> bool:
    """Tell whether the stream that a body asks for would not tell its usage."""
    return wish.is_understood and wish.is_stream and not wish.has_stream_options


def ask(body: bytes, wish: Wish) -> bytes:
    """Return a whole body that asks for the usage; the body as it was, where there is no need."""
    if not must_ask(wish):
        return body
    end = body.rindex(b"}")
    return body[:end] + _WISH + body[end:]


class Asker:
    """Changes a body that passes in pieces. What it holds back is the end: the last piece at least.

    A body that has lost its end cannot be executed, so whatever is decided about the wish is in time.
    """

    def __init__(self) -> None:
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """Take a piece, and return what may pass now."""
        whole = self._held + piece
        # A last piece of nothing but space leaves the bracket in the one before.
        is_space = not piece.strip(_JSON_SPACE) and len(whole) <= _MOST_SPACE_BYTES
        passing, self._held = (b"", whole) if is_space else (self._held, piece)
        return passing

    def finish(self, wish: Wish) -> bytes:
        """Return what was held back, with what is added."""
        if not must_ask(wish) or b"}" not in self._held:
            return self._held + _SPACES
        return ask(self._held, wish)
