"""The authorization endpoint (RFC 6749 3.1, OpenID Connect Core 3.1.2): a request read, judged and answered."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from authlib.oauth2 import OAuth2Error
from flask import Response

from oauth_app import clock
from oauth_app.models import Partner
from oauth_app.provider.authorization_checks import CHECKS, SIGNED_IN_SINCE
from oauth_app.provider.clients import Client
from oauth_app.provider.errors import RefusedError, UnknownClientError, WrongRedirectUriError
from oauth_app.provider.owner import ResourceOwner
from oauth_app.provider.requests import ProtocolRequest, from_query
from oauth_app.provider.server import Server

#: OhMyGPT's sign-in page is also where another account is chosen.
_SIGN_IN_AGAIN = frozenset({"login", "select_account"})


class Step(StrEnum):
    """What comes next; the last three are the error codes by which the partner hears of it."""

    SIGN_IN = "sign_in"
    ASK = "ask"
    APPROVE = "approve"
    LOGIN_REQUIRED = "login_required"
    CONSENT_REQUIRED = "consent_required"
    ACCESS_DENIED = "access_denied"


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """What a partner asks for; that it is the partner is proven, and where to answer."""

    partner: Partner
    redirect_uri: str
    scopes: tuple[str, ...]
    prompts: frozenset[str]
    max_age: timedelta | None
    signed_in_since: datetime | None
    _server: Server = field(repr=False)
    _grant: Any = field(repr=False)

    def next_step(self, signed_in_at: datetime | None, *, consented: bool) -> Step:
        """Return what comes next for a user who signed in then, or has not."""
        silent = "none" in self.prompts
        if signed_in_at is None or not self._is_fresh(signed_in_at):
            return Step.LOGIN_REQUIRED if silent else Step.SIGN_IN
        if consented and "consent" not in self.prompts:
            return Step.APPROVE
        return Step.CONSENT_REQUIRED if silent else Step.ASK

    @property
    def wants_fresh_sign_in(self) -> bool:
        """Whether a sign-in can be too old for the partner."""
        return self.max_age is not None or bool(self.prompts & _SIGN_IN_AGAIN)

    def approve(self, owner: ResourceOwner) -> Response:
        """Send the browser back with a code. The caller commits."""
        answer: Response = self._server.create_authorization_response(self._grant.request, owner, self._grant)
        return answer

    def refuse(self, step: Step) -> Response:
        """Send the browser back with an error."""
        error = OAuth2Error(error=step.value, redirect_uri=self.redirect_uri, state=self._grant.request.payload.state)
        answer: Response = self._server.handle_error_response(self._grant.request, error)
        return answer

    def _is_fresh(self, signed_in_at: datetime) -> bool:
        if not self.wants_fresh_sign_in:
            return True
        return signed_in_at >= (self.signed_in_since or clock.now() - self._oldest_age())

    def _oldest_age(self) -> timedelta:
        return timedelta() if self.max_age is None or self.prompts & _SIGN_IN_AGAIN else self.max_age


def read_authorization(server: Server) -> Authorization:
    """Read the present request.

    Raises:
        UnprovenRequestError: show a page; the browser must not be sent anywhere.
        RefusedError: the request is not one that can be granted; its answer goes to the partner.
    """
    request = from_query()
    client = _prove_client(server, request)
    redirect_uri = _prove_redirect_uri(client, request)
    try:
        for check in CHECKS:
            check(request, server.issuer, client)
        grant = server.get_consent_grant(request)
    except OAuth2Error as error:
        error.redirect_uri, error.state = redirect_uri, request.payload.state
        raise RefusedError(server.handle_error_response(request, error)) from error
    return _authorization(server, grant)


def moment_of(since: datetime) -> str:
    """Return the moment as ``signed_in_since`` has it."""
    return str(int(since.timestamp() * 1000))


def _prove_client(server: Server, request: ProtocolRequest) -> Client:
    client_id = request.payload.client_id
    client = server.query_client(client_id) if client_id and "client_id" not in request.repeated() else None
    if client is None:
        raise UnknownClientError
    return client


def _prove_redirect_uri(client: Client, request: ProtocolRequest) -> str:
    redirect_uri: str | None = request.payload.redirect_uri
    if not redirect_uri or "redirect_uri" in request.repeated() or not client.check_redirect_uri(redirect_uri):
        raise WrongRedirectUriError
    return redirect_uri


def _authorization(server: Server, grant: Any) -> Authorization:  # noqa: ANN401 - Authlib ships no types
    sent = grant.request.payload.data
    since = sent.get(SIGNED_IN_SINCE, "")
    return Authorization(
        partner=grant.client.partner,
        redirect_uri=grant.redirect_uri,
        scopes=tuple(grant.request.scope.split()),
        prompts=frozenset(sent.get("prompt", "").split()),
        max_age=timedelta(seconds=int(sent["max_age"])) if "max_age" in sent else None,
        signed_in_since=datetime.fromtimestamp(int(since) / 1000, UTC) if since else None,
        _server=server,
        _grant=grant,
    )
