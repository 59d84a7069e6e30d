"""Logos: an untrusted file becomes a small plain picture, or nothing."""

import http.server
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.services.partner_logos import (
    LOGO_PIXELS,
    MAX_LOGO_BYTES,
    InvalidLogoError,
    LogoUnreachableError,
    fetch_logo,
    find_logo,
    find_logo_digest,
    keep_logo,
    read_logo,
    remove_logo,
)
from oauth_app.services.partners import Credentials
from tests.fixtures.hub import make_test_hub
from tests.web.pictures import SVG, bomb, picture


@contextmanager
def serving(body: bytes, *, status: int = 200, content_type: str = "image/png") -> Iterator[str]:
    """Serve one document on this machine."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer."""
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/logo"
        server.shutdown()


def drawn(png: bytes) -> Image.Image:
    """Return what a kept logo shows."""
    return Image.open(io.BytesIO(png), formats=["PNG"])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_becomes_a_small_square(kind: str) -> None:
    """Each of the formats is drawn anew as a square PNG of at most 256 pixels, with clear margins."""
    logo = drawn(read_logo(picture(kind)).png)

    assert (logo.format, logo.size) == ("PNG", (LOGO_PIXELS, LOGO_PIXELS))
    assert logo.convert("RGBA").getpixel((0, 0)) == (0, 0, 0, 0)
    assert logo.convert("RGBA").getpixel((128, 128))[3] == 255


def test_a_small_picture_is_not_blown_up() -> None:
    """What is smaller stays as sharp as it is."""
    assert drawn(read_logo(picture(size=(32, 16))).png).size == (32, 32)


def test_metadata_is_left_behind() -> None:
    """Notes in the file, such as where a photo was taken, are not kept."""
    notes = PngInfo()
    notes.add_text("Comment", "planted secret")
    file = io.BytesIO()
    Image.new("RGB", (10, 10)).save(file, "PNG", pnginfo=notes)
    assert b"planted secret" in file.getvalue()

    assert b"planted secret" not in read_logo(file.getvalue()).png


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(SVG, id="SVG"),
        pytest.param(b"<html></html>", id="a page"),
        pytest.param(picture()[:200], id="half a picture"),
        pytest.param(picture("BMP", (20, 20)), id="another format"),
        pytest.param(bomb(), id="a bomb"),
        pytest.param(bomb(3_000, 3_000), id="a bomb that is small enough for the decoder"),
        pytest.param(picture() + bytes(MAX_LOGO_BYTES), id="too many bytes"),
    ],
)
def test_what_is_no_logo_is_refused(content: bytes) -> None:
    """A program, a page, a broken file, a bomb and a heap of bytes are no logos."""
    with pytest.raises(InvalidLogoError):
        read_logo(content)


def test_a_bomb_is_small_enough_to_come_in() -> None:
    """The bombs above are refused for their pixels, not for their bytes or for being broken."""
    assert len(bomb()) < MAX_LOGO_BYTES
    assert read_logo(bomb(320, 320)).png


def test_a_logo_is_fetched_and_kept(hub: Hub, shop: Credentials) -> None:
    """From its address to a page of ours: the picture is found by its digest, and by no other."""
    with serving(picture("JPEG"), content_type="text/plain") as address:  # what the header says does not count
        logo = fetch_logo(hub, address)
    with transaction(hub.engine) as session:
        keep_logo(session, shop.client_id, logo)

    with reading(hub.engine) as session:
        assert find_logo_digest(session, shop.client_id) == logo.content_digest
        assert find_logo(session, shop.client_id, logo.content_digest) == logo.png
        assert find_logo(session, shop.client_id, "0" * 64) is None


def test_a_new_logo_takes_the_place_of_the_old(hub: Hub, shop: Credentials) -> None:
    """A partner has one logo, or none."""
    first, second = read_logo(picture()), read_logo(picture(size=(10, 10)))
    with transaction(hub.engine) as session:
        keep_logo(session, shop.client_id, first)
        keep_logo(session, shop.client_id, second)
        assert find_logo_digest(session, shop.client_id) == second.content_digest
        remove_logo(session, shop.client_id)
        assert find_logo_digest(session, shop.client_id) is None


@pytest.mark.parametrize("status", [302, 404, 500])
def test_only_the_picture_itself_counts(hub: Hub, status: int) -> None:
    """A redirect or an error page is not fetched further."""
    with serving(picture(), status=status) as address, pytest.raises(LogoUnreachableError):
        fetch_logo(hub, address)


def test_a_fetched_logo_has_a_size(hub: Hub) -> None:
    """More than half a megabyte is not read to its end."""
    with serving(picture() + bytes(MAX_LOGO_BYTES)) as address, pytest.raises(LogoUnreachableError):
        fetch_logo(hub, address)


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/logo", "https://127.0.0.1/logo", "https://169.254.169.254/latest", "file:///etc/passwd", ""],
)
def test_the_hub_does_not_look_into_its_own_network(tmp_path: Path, address: str) -> None:
    """In production an address inside is not asked, whoever gives it (server-side request forgery)."""
    hub = make_test_hub(
        tmp_path,
        hub_env="production",
        hub_issuer="https://hub.example",
        ohmygpt_api_base="https://api.example",
        ohmygpt_web_base="https://www.example",
        hub_secret_key="s" * 40,
        hub_vault_keys="k1:" + "A" * 43 + "=",
    )
    with pytest.raises(LogoUnreachableError):
        fetch_logo(hub, address)
