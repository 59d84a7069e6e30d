"""The demo's own partner: registered once, and its secret kept where only the demo's owner reads it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from oauth_app.services.partner_errors import UnknownPartnerError
from oauth_app.services.partners import create_partner, get_partner
from oauth_app.services.registration import Registration

NAME = "Sunrise Postcards"


@dataclass(frozen=True, kw_only=True)
class DemoPartner:
    """What the example site needs to be an OAuth client of the demo's hub."""

    client_id: str
    client_secret: str = field(repr=False)
    address: str


def find_or_register(session: Session, folder: Path, address: str) -> DemoPartner:
    """Return the partner of the last start, or a new one when it is gone or moved to another address.

    The hub keeps only a digest of the secret; hence the file. The caller commits.
    """
    path = folder / "demo-partner.json"
    kept = _read(path)
    if kept and kept.address == address and _is_registered(session, kept.client_id):
        return kept
    wish = Registration(
        name=NAME,
        homepage=address,
        redirect_uris=[f"{address}/callback"],
        post_logout_redirect_uris=[f"{address}/"],
    )
    credentials = create_partner(session, wish)
    partner = DemoPartner(
        client_id=credentials.client_id, client_secret=credentials.client_secret or "", address=address
    )
    _write(path, partner)
    return partner


def _is_registered(session: Session, client_id: str) -> bool:
    try:
        return get_partner(session, client_id).disabled_at is None
    except UnknownPartnerError:
        return False


def _read(path: Path) -> DemoPartner | None:
    return DemoPartner(**json.loads(path.read_text("utf-8"))) if path.exists() else None


def _write(path: Path, partner: DemoPartner) -> None:
    aside = path.with_suffix(".new")
    aside.touch(mode=0o600)
    aside.write_text(json.dumps(asdict(partner), indent=2), "utf-8")
    aside.replace(path)
