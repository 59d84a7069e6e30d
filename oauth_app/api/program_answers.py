"""One request of a partner's program: what it needs is fetched, then all of it happens in one transaction."""

from collections.abc import Callable, Mapping

from flask import Response, g, request
from sqlalchemy.orm import Session

from oauth_app.db import transaction
from oauth_app.hub import current_hub
from oauth_app.provider.failures import ProtocolFailure
from oauth_app.provider.issuer import Issuer
from oauth_app.provider.partner_keys import Jwks
from oauth_app.provider.server import Server, make_server
from oauth_app.provider.signing import NoSigningKeyError
from oauth_app.services.authorization_failures import Failure, record_failure
from oauth_app.services.issuer import load_issuer
from oauth_app.services.partner_keys import fetch_partner_keys


def answer_program(endpoint: Callable[[Server], Response]) -> Response:
    """Return what the provider answers the present request, errors included, and tell who must hear of it."""
    hub = current_hub()
    keys = fetch_partner_keys(hub, request.form.get("client_assertion", ""))
    try:
        server, response = _attempt(endpoint, load_issuer(hub), keys)
    except NoSigningKeyError:
        # The partner took another algorithm a moment ago. Nothing was committed, so the same can be done again.
        server, response = _attempt(endpoint, load_issuer(hub, fresh=True), keys)
    for consent_id in server.revoked_consents:
        hub.callers.forget_consent(consent_id)
    return response


def _attempt(
    endpoint: Callable[[Server], Response], issuer: Issuer, keys: Mapping[str, Jwks]
) -> tuple[Server, Response]:
    with transaction(current_hub().engine) as session:
        # An error that is an answer ends the block like any other: what a replay has revoked stays revoked.
        server = make_server(session, issuer)
        server.partner_keys = keys
        response = endpoint(server)
        if server.failure is not None and server.failure.partner_id is not None:
            _record(session, server.failure)
    return server, response


def _record(session: Session, failure: ProtocolFailure) -> None:
    """Let the partner's developer see why; what nobody can be told, for no client is known, is not kept."""
    record_failure(
        session,
        Failure(
            code=failure.code, partner_id=failure.partner_id, request_id=str(g.request_id), details=failure.details
        ),
    )
