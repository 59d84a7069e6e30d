"""Logos: a partner's picture, taken in once, made small and plain, and shown from here only.

What a partner gives is an untrusted file. It is judged by its content, never by its name or its header;
it is decoded only when it is small enough; and what is kept is a picture that we have drawn anew: no
metadata, no animation, nothing that a second reader could take for something else.
"""

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into
from oauth_app.errors import HubError
from oauth_app.guarded_http import OutboundError
from oauth_app.hub import Hub
from oauth_app.models import PartnerLogo

MAX_LOGO_BYTES = 512 * 1024
#: The edge of the square that is kept.
LOGO_PIXELS = 256
#: A small file can unfold into a huge picture; this one needs at most 16 MB.
_MAX_SOURCE_PIXELS = 4_000_000
#: Pillow's names of the formats that are read. SVG is none of them: it is a program, not a picture.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


class InvalidLogoError(HubError):
    """The file cannot be a logo: too large, or no picture of a kind we read."""


class LogoUnreachableError(HubError):
    """The address of the logo cannot be fetched, or must not be."""


@dataclass(frozen=True, kw_only=True)
class Logo:
    """A logo as it is kept."""

    png: bytes
    #: Where it came from; None when it was uploaded.
    source_uri: str | None = None

    @property
    def content_digest(self) -> str:
        """Return the name of this version of the picture."""
        return hashlib.sha256(self.png).hexdigest()


def read_logo(content: bytes, *, source_uri: str | None = None) -> Logo:
    """Return the logo that an untrusted file shows.

    Raises:
        InvalidLogoError: too large, or no picture of a kind we read.
    """
    if not content or len(content) > MAX_LOGO_BYTES:
        raise InvalidLogoError
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a picture that Pillow warns of is one we do not need
            return Logo(png=_redraw(content), source_uri=source_uri)
    except InvalidLogoError:
        raise
    except Exception as error:  # a broken file can break a decoder in any way
        raise InvalidLogoError from error


def fetch_logo(hub: Hub, address: str) -> Logo:
    """Return the logo at an address; to be called with no transaction open.

    Raises:
        LogoUnreachableError: the address must not be asked, or gives no answer.
        InvalidLogoError: what it gives is no logo.
    """
    try:
        fetched = hub.outside.get(address, max_bytes=MAX_LOGO_BYTES, accept="image/png, image/*;q=0.8")
    except OutboundError as error:
        raise LogoUnreachableError from error
    if fetched.status != 200:
        raise LogoUnreachableError
    return read_logo(fetched.body, source_uri=address)


def keep_logo(session: Session, partner_id: str, logo: Logo) -> None:
    """Show this logo from now on. The caller commits."""
    values = {
        "png": logo.png,
        "content_digest": logo.content_digest,
        "source_uri": logo.source_uri,
        "fetched_at": clock.now(),
    }
    statement = insert_into(session, PartnerLogo).values(partner_id=partner_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=[PartnerLogo.partner_id], set_=values))


def remove_logo(session: Session, partner_id: str) -> None:
    """Go back to the initials. The caller commits."""
    session.execute(delete(PartnerLogo).where(PartnerLogo.partner_id == partner_id))


def find_logo_digest(session: Session, partner_id: str) -> str | None:
    """Return the name of the partner's present logo; None if it has none."""
    return session.scalar(select(PartnerLogo.content_digest).where(PartnerLogo.partner_id == partner_id))


def find_logo(session: Session, partner_id: str, content_digest: str) -> bytes | None:
    """Return the picture of this name, a PNG; None if the partner has another one by now, or none."""
    return session.scalar(
        select(PartnerLogo.png).where(
            PartnerLogo.partner_id == partner_id, PartnerLogo.content_digest == content_digest
        )
    )


def _redraw(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
        # Only the head of the file has been read so far: its size is known before anything is unfolded.
        if picture.width * picture.height > _MAX_SOURCE_PIXELS:
            raise InvalidLogoError
        whole = ImageOps.exif_transpose(picture).convert("RGBA")
    whole.thumbnail((LOGO_PIXELS, LOGO_PIXELS))
    edge = max(whole.size)
    square = Image.new("RGBA", (edge, edge))  # transparent, so that an oblong logo gets margins
    square.paste(whole, ((edge - whole.width) // 2, (edge - whole.height) // 2))
    drawn = io.BytesIO()
    square.save(drawn, "PNG", optimize=True)
    return drawn.getvalue()
