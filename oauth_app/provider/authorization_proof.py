"""Who asks and where to answer, proven before anything else is looked at (RFC 6749 4.1.2.1, RFC 9700 4.11.2)."""

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from oauth_app.provider.authorization_answers import ResponseMode, ReturnAddress
from oauth_app.provider.authorization_checks import SIGNED_IN_SINCE
from oauth_app.provider.clients import Client
from oauth_app.provider.errors import Asker, UnknownClientError, WrongRedirectUriError
from oauth_app.provider.pushed_requests import URN, open_pushed_request
from oauth_app.provider.redirect_difference import describe_difference
from oauth_app.provider.requests import ProtocolRequest
from oauth_app.provider.server import Server

_MAX_SHOWN_CHARS = 64


@dataclass(frozen=True, kw_only=True)
class ProvenRequest:
    """A request of a known partner, which can be answered."""

    request: ProtocolRequest
    client: Client
    address: ReturnAddress


def prove(server: Server, request: ProtocolRequest) -> ProvenRequest:
    """Return what is proven; the parameters of a pushed request stand in for those of the browser.

    Raises:
        UnprovenRequestError: nobody may be sent anywhere.
    """
    client = _prove_client(server, request)
    request, pushed_digest = _fetch_pushed(server, client, request)
    address = ReturnAddress(
        partner_id=client.partner.id,
        redirect_uri=prove_redirect_uri(client, request),
        mode=_response_mode(request),
        state=request.payload.state,
        issuer=server.issuer.url,
        pushed_digest=pushed_digest,
    )
    return ProvenRequest(request=request, client=client, address=address)


def prove_redirect_uri(client: Client, request: ProtocolRequest) -> str:
    """Return where to answer.

    Raises:
        WrongRedirectUriError: missing, repeated, or not a registered one.
    """
    redirect_uri: str = request.payload.redirect_uri or ""
    if "redirect_uri" in request.repeated() or not client.check_redirect_uri(redirect_uri):
        raise WrongRedirectUriError(
            Asker.of(client.partner), describe_difference(redirect_uri, client.partner.redirect_uris)
        )
    return redirect_uri


def _prove_client(server: Server, request: ProtocolRequest) -> Client:
    client_id = request.payload.client_id or ""
    client = server.query_client(client_id) if "client_id" not in request.repeated() else None
    if client is None:
        raise UnknownClientError(details={"client_id": client_id[:_MAX_SHOWN_CHARS]})
    return client


def _fetch_pushed(server: Server, client: Client, request: ProtocolRequest) -> tuple[ProtocolRequest, str | None]:
    request_uri = request.payload.data.get("request_uri", "")
    if not request_uri.startswith(URN) or "request_uri" in request.repeated():
        return request, None
    row = open_pushed_request(server.session, client, request_uri)
    # RFC 9101 6.3: what the browser sends beside the name does not count; but for our own parameter.
    ours = {name: value for name, value in request.payload.data.items() if name == SIGNED_IN_SINCE}
    pushed = ProtocolRequest(MultiDict(row.parameters | ours), request.headers)
    pushed.is_pushed = True
    return pushed, row.request_digest


def _response_mode(request: ProtocolRequest) -> ResponseMode:
    sent = request.payload.data.get("response_mode")
    is_form_post = sent == ResponseMode.FORM_POST and "response_mode" not in request.repeated()
    return ResponseMode.FORM_POST if is_form_post else ResponseMode.QUERY
