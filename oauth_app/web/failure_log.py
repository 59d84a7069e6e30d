"""Failures of sign-ins, noted where the partner can look them up by the id that the person is shown."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from flask import g

from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.provider.clients import find_client
from oauth_app.provider.errors import Asker
from oauth_app.services.authorization_failures import Failure, record_failure
from oauth_app.web.authorize_address import AUTHORIZE_PATH


def note_failure(code: str, asker: Asker | None, details: Mapping[str, str] | None = None) -> str:
    """Keep the failure, in a transaction of its own, and return its id."""
    failure = Failure(
        code=code,
        partner_id=asker.partner_id if asker else None,
        details=details or {},
        request_id=g.get("request_id", ""),
    )
    with transaction(current_hub().engine) as session:
        return record_failure(session, failure)


def find_asker(return_to: str | None) -> Asker | None:
    """Return the partner for whose request a sign-in was to lead to ``return_to``, a local path."""
    parts = urlsplit(return_to or "")
    if parts.path != AUTHORIZE_PATH:
        return None
    with reading(current_hub().engine) as session:
        client = find_client(session, parse_qs(parts.query).get("client_id", [""])[0])
        return Asker.of(client.partner) if client else None
