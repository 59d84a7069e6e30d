"""The authorization endpoint (RFC 6749 3.1, OpenID Connect Core 3.1.2): a request read, judged and answered."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from authlib.oauth2 import OAuth2Error

from oauth_app.models import Partner
from oauth_app.provider.authorization_answers import AuthorizationAnswer, ReturnAddress
from oauth_app.provider.authorization_checks import CHECKS, SIGNED_IN_SINCE
from oauth_app.provider.authorization_details import Details, read_details
from oauth_app.provider.authorization_proof import ProvenRequest, prove
from oauth_app.provider.claims_request import RequestedClaims, read_claims
from oauth_app.provider.clients import Client
from oauth_app.provider.demands import Demands, Step
from oauth_app.provider.errors import Asker, GoneReason, PushedRequestGoneError, RefusedError
from oauth_app.provider.id_token_hint import read_id_token_hint
from oauth_app.provider.issuer import Issuer
from oauth_app.provider.owner import ResourceOwner
from oauth_app.provider.pushed_requests import use_up
from oauth_app.provider.requests import ProtocolRequest, from_query
from oauth_app.provider.server import Server

_WHY = {
    Step.LOGIN_REQUIRED: "the user must sign in, or another user must",
    Step.CONSENT_REQUIRED: "the user must agree first",
    Step.ACCESS_DENIED: "the user did not agree",
}


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """What a partner asks for; that it is the partner is proven, and where to answer."""

    partner: Partner
    scopes: tuple[str, ...]
    demands: Demands
    #: What it asks of AI calls; None if that is the user's to say.
    details: Details | None
    #: Languages in which the partner would have the pages shown, best first.
    ui_locales: tuple[str, ...]
    address: ReturnAddress
    _grant: Any = field(repr=False)

    def approve(self, owner: ResourceOwner) -> AuthorizationAnswer:
        """Return the answer with a code. The caller commits.

        Raises:
            PushedRequestGoneError: another tab has used the pushed request up.
        """
        pushed = self.address.pushed_digest
        if pushed is not None and not use_up(self._grant.server.session, pushed):
            raise PushedRequestGoneError(Asker.of(self.partner), GoneReason.USED)
        return self.address.answer(code=self._grant.issue_code(owner))

    def refusal(self, step: Step) -> RefusedError:
        """Return the error by which the partner hears of it."""
        return RefusedError(self.address, step.value, _WHY[step])


def read_authorization(server: Server) -> Authorization:
    """Read the present request.

    Raises:
        UnprovenRequestError: show a page; the browser must not be sent anywhere.
        RefusedError: the request is not one that can be granted; the partner hears of it.
    """
    proven = prove(server, from_query())
    try:
        grant = judge(server, proven.request, proven.client)
        return _authorization(server.issuer, proven, grant)
    except OAuth2Error as error:
        raise RefusedError(proven.address, error.error, error.description) from error


def judge(server: Server, request: ProtocolRequest, client: Client) -> Any:  # noqa: ANN401 - Authlib ships no types
    """Return Authlib's grant for a request that can be granted.

    Raises:
        OAuth2Error: it cannot; the error is the answer.
    """
    for check in CHECKS:
        check(request, server.issuer, client)
    return server.get_consent_grant(request)


def moment_of(since: datetime) -> str:
    """Return the moment as ``signed_in_since`` has it."""
    return str(int(since.timestamp() * 1000))


def _authorization(issuer: Issuer, proven: ProvenRequest, grant: Any) -> Authorization:  # noqa: ANN401
    request, claims = proven.request, read_claims(proven.request)
    registered = proven.client.partner.scopes
    # A claim that is asked for by its name asks for the scope that opens it.
    asked = (*request.scope.split(), *(scope for scope in claims.scopes() if scope in registered))
    request.scope, request.claims = " ".join(dict.fromkeys(asked)), claims.kept()
    request.details = read_details(request)
    return Authorization(
        partner=proven.client.partner,
        scopes=tuple(request.scope.split()),
        demands=_demands(issuer, request, claims),
        details=request.details,
        ui_locales=tuple(request.payload.data.get("ui_locales", "").split()),
        address=proven.address,
        _grant=grant,
    )


def _demands(issuer: Issuer, request: ProtocolRequest, claims: RequestedClaims) -> Demands:
    sent = request.payload.data
    since = sent.get(SIGNED_IN_SINCE, "")
    hint = sent.get("id_token_hint")
    return Demands(
        prompts=frozenset(sent.get("prompt", "").split()),
        max_age=timedelta(seconds=int(sent["max_age"])) if "max_age" in sent else None,
        signed_in_since=datetime.fromtimestamp(int(since) / 1000, UTC) if since else None,
        subject=read_id_token_hint(hint, issuer, request.client.partner.id) if hint else claims.subject,
        login_hint=sent.get("login_hint"),
    )
