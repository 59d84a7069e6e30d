"""Forms ask for what JSON asks for, and what two servers might read differently is not understood."""

import pytest

from oauth_app.relay.request_body import read_body
from oauth_app.relay.wishes import Wish
from tests.relay.test_request_body import FORM, MODEL, MULTIPART, read_pieces


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"model=dall-e-3&prompt=a&n=2&size=512x512", Wish(model="dall-e-3", choices=2, size="512x512")),
        (b"prompt=" + b"x" * 5000 + b"&model=a%2Db", Wish(model="a-b")),
        (b"%6dodel=a&prompt=b", Wish(model="a")),
        (b"model=a&model=a", Wish(model="a")),
        (b"model=a&model=b", Wish(is_understood=False)),
        (b"model[]=a", Wish(is_understood=False)),
        (b'{"model": "a"}', Wish(is_understood=False)),
        (b"model=" + b"x" * 5000, Wish(is_understood=False)),
        (b"prompt=a", Wish()),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_forms_are_read(body: bytes, expected: Wish, size: int) -> None:
    """The same fields in a form, however it is cut; two values for one name are not understood."""
    assert read_pieces(FORM, [body[at : at + size] for at in range(0, len(body), size)]) == expected


def part(name: str, content: bytes, extra: str = "") -> bytes:
    """Write a part of a multipart body."""
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode() + content + b"\r\n"


FILE = part("file", b"\0\r\n--a\r\n" * 20_000, '; filename="a.wav"')
LIAR = part("file", part("model", b"no")[1:], '; filename="a.wav"')


@pytest.mark.parametrize(
    ("parts", "model", "is_understood"),
    [
        ((part("model", b"whisper-1"), FILE), "whisper-1", True),
        ((FILE, part("model", b"whisper-1")), "whisper-1", True),
        ((LIAR, part("model", b"whisper-1")), "whisper-1", True),
        ((FILE,), None, True),
        ((part("model", b"a"), FILE, part("model", b"b")), None, False),
        ((part("model", b"a", '; filename="m"'), FILE), None, False),
        ((part("model[]", b"a"),), None, False),
    ],
)
@pytest.mark.parametrize("size", [1, 13, 65_536])
def test_multipart_bodies_are_read(parts: tuple[bytes, ...], model: str | None, is_understood: bool, size: int) -> None:  # noqa: FBT001
    """The model stands before or behind a file, which may hold what looks like another."""
    body = b"".join(parts) + b"--b--\r\n"
    wish = read_pieces(MULTIPART, [body[at : at + size] for at in range(0, len(body), size)])
    assert (wish.model, wish.is_understood) == (model, is_understood)


@pytest.mark.parametrize("kind", [MULTIPART, b"multipart/form-data", b"multipart/form-data; boundary=" + b"x" * 100])
@pytest.mark.parametrize("body", [b"hello", part("model", b"a"), MODEL])
def test_a_broken_multipart_body_is_not_understood(kind: bytes, body: bytes) -> None:
    """Without a boundary or an end nobody knows what another server makes of it."""
    assert read_body(kind, body) == Wish(is_understood=False)


def test_a_form_says_what_a_voice_says() -> None:
    """What a voice is to say may stand in a form."""
    assert read_body(FORM, b"voiceShortName=v&text=h%C3%A9llo").characters == 5
