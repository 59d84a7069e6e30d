"""What a body names without containing it makes the model read more than its length says."""

import json
from typing import Any

import pytest

from oauth_app.relay.request_body import WHOLE_BYTES, read_body
from tests.relay.test_request_body import JSON, read_pieces


@pytest.mark.parametrize(
    ("content", "pictures", "is_open"),
    [
        ([{"type": "text", "text": '"image" "file_id"'}], 0, False),
        ([{"type": "image_url", "image_url": {"url": "https://a.example/a.png"}}] * 2, 2, False),
        ([{"type": "input_image", "image_url": "https://a.example/a.png"}], 1, False),
        ([{"type": "image", "source": {"type": "url", "url": "https://a.example/a.png"}}], 1, False),
        ([{"type": "input_file", "file_id": "file-1"}], 0, True),
        ([{"type": "document", "source": {"type": "url"}}], 0, True),
    ],
)
@pytest.mark.parametrize("is_long", [True, False])
def test_what_is_named_and_not_contained_is_noticed(
    content: list[dict[str, Any]],
    pictures: int,
    is_open: bool,  # noqa: FBT001
    is_long: bool,  # noqa: FBT001
) -> None:
    """Pictures by address and files make the model read more than the body has."""
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": content}]}).encode()
    wish = read_pieces(JSON, [b" " * WHOLE_BYTES, body]) if is_long else read_body(JSON, body)
    assert (wish.pictures, wish.is_open) == (pictures, is_open)


def test_a_disguised_key_is_noticed() -> None:
    """Who escapes the letters of a key wants it not to be seen, and the most is assumed."""
    assert read_body(JSON, b'{"messages": [{"file\\u005fid": "file-1"}]}').is_open
    assert not read_body(JSON, b'{"messages": [{"content": "caf\\u00e9"}]}').is_open


@pytest.mark.parametrize("size", [100, 65_536])
def test_a_picture_in_the_body_is_no_text(size: int) -> None:
    """The bytes of a file that is written into the body are told apart from words."""
    picture = "QUJD" * 100_000
    content = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}]
    body = json.dumps(
        {"model": "gpt-4o", "messages": [{"content": content}, {"content": "some words " * 2000}]}
    ).encode()
    wish = read_pieces(JSON, [body[at : at + max(size, 4096)] for at in range(0, len(body), max(size, 4096))])
    assert 0.9 * len(picture) < wish.embedded_bytes <= len(picture) + 1000


def test_a_word_that_is_cut_is_noticed() -> None:
    """A name that comes in two pieces counts as one that comes in one."""
    body = b'{"messages": [{"content": [{"type": "input_file", "file_id": "file-1"}]}]}'
    pieces = [b" " * WHOLE_BYTES, *(body[at : at + 3] for at in range(0, len(body), 3))]
    assert read_pieces(JSON, pieces).is_open
