"""Sites that register themselves (RFC 7591), with a permit, and look after their registration (RFC 7592)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from oauth_app.errors import HubError
from oauth_app.identifiers import TokenKind, digest, is_well_formed, new_token
from oauth_app.models import Partner
from oauth_app.provider.clients import Client
from oauth_app.services.client_metadata import metadata_of, read_metadata, wishes_of
from oauth_app.services.partner_errors import InvalidRegistrationError
from oauth_app.services.partners import (
    add_secret,
    create_partner,
    disable_partner,
    get_partner,
    has_secrets,
    list_secrets,
    registration_of,
    update_partner,
)
from oauth_app.services.permits import use_permit
from oauth_app.services.registration import Registration

#: RFC 7592 2.2: what the hub alone decides.
_OURS = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")


class InvalidRegistrationTokenError(HubError):
    """The token does not open this registration, or there is none (any more)."""


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A registration as its site is told of it; the secrets are shown this once."""

    metadata: Mapping[str, Any]
    client_secret: str | None = field(default=None, repr=False)
    registration_token: str = field(repr=False)


def register(session: Session, permit: str, body: Mapping[str, Any]) -> Registered:
    """Register a site. It is live at once: who gave the permit trusts its holder. The caller commits.

    Raises:
        InvalidPermitError: the permit permits nothing.
        InvalidRegistrationError: a field cannot be taken; roll back, so that the permit is not used.
    """
    use_permit(session, permit)
    metadata = read_metadata(body)
    credentials = create_partner(session, Registration(**wishes_of(metadata)))
    partner = get_partner(session, credentials.client_id)
    token = new_token(TokenKind.REGISTRATION_ACCESS)
    partner.registration_token_digest = digest(token)
    return Registered(
        metadata=metadata_of(partner) | {"token_endpoint_auth_method": metadata.token_endpoint_auth_method},
        client_secret=credentials.client_secret,
        registration_token=token,
    )


def get_registered(session: Session, client_id: str, token: str) -> Partner:
    """Return the partner whose registration the token opens.

    Raises:
        InvalidRegistrationTokenError: it opens none of this id.
    """
    is_ours = is_well_formed(token, TokenKind.REGISTRATION_ACCESS) and client_id.isidentifier()
    partner = session.get(Partner, client_id) if is_ours else None
    known = partner.registration_token_digest if partner is not None and partner.disabled_at is None else None
    if partner is None or known is None or not hmac.compare_digest(known, digest(token)):
        raise InvalidRegistrationTokenError
    return partner


def show_registration(partner: Partner, token: str) -> Registered:
    """RFC 7592 2.1: tell what the site is registered with; its secret is not known here."""
    return Registered(metadata=metadata_of(partner), registration_token=token)


def register_anew(session: Session, partner: Partner, token: str, body: Mapping[str, Any]) -> Registered:
    """RFC 7592 2.2: replace the registration as a whole. What the operator decided stays. The caller commits.

    A site that needs a secret from now on, and had none, gets one.

    Raises:
        InvalidRegistrationError: a field cannot be taken, or the hub alone decides it.
    """
    _check_is_about(session, partner, body)
    wish = replace(registration_of(partner), **wishes_of(read_metadata(body)))
    update_partner(session, partner.id, wish)
    needs_secret = has_secrets(partner) and not list_secrets(session, partner.id)
    secret = add_secret(session, partner.id).client_secret if needs_secret else None
    return Registered(metadata=metadata_of(partner), client_secret=secret, registration_token=token)


def end_registration(session: Session, partner: Partner) -> None:
    """RFC 7592 2.3: the client, its tokens and its registration token stop working. The caller commits."""
    disable_partner(session, partner.id)
    partner.registration_token_digest = None


def _check_is_about(session: Session, partner: Partner, body: Mapping[str, Any]) -> None:
    if body.get("client_id") != partner.id:
        msg = "client_id: must be the one that is registered"
        raise InvalidRegistrationError(msg)
    if ours := [name for name in _OURS if name in body]:
        msg = f"{ours[0]}: is not yours to set"
        raise InvalidRegistrationError(msg)
    if "client_secret" in body and not Client(session, partner).check_client_secret(str(body["client_secret"])):
        msg = "client_secret: is not the one that was given"
        raise InvalidRegistrationError(msg)
