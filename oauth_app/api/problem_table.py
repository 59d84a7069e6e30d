"""Error class -> what a caller of the partner API is told. Subclasses follow their base."""

from dataclasses import dataclass

from pydantic import ValidationError
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from oauth_app.api.errors import ClientRequiredError, InvalidJsonError, MissingCredentialsError, UserRequiredError
from oauth_app.ledger import CaptureTooLargeError, HoldClosedError
from oauth_app.provider.dpop import NonceRequiredError
from oauth_app.provider.dpop_proofs import ALGORITHMS, InvalidProofError
from oauth_app.services import (
    charge_errors,
    client_access,
    hold_errors,
    idempotency,
    refund_errors,
    top_up_errors,
    webhook_errors,
)
from oauth_app.services.access import BoundTokenError, InsufficientScopeError, InvalidTokenError
from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.exchange import UnsupportedAssetError
from oauth_app.services.statement_months import UnknownMonthError
from oauth_app.upstream import UpstreamError, UpstreamInsufficientFundsError, UpstreamUnavailableError


@dataclass(frozen=True, kw_only=True)
class Problem:
    """How an error looks outside. ``detail`` and ``challenge`` may quote numbers of the error."""

    status: int
    code: str
    title: str
    detail: str = ""
    #: The WWW-Authenticate header (RFC 6750 3).
    challenge: str = ""
    retry_after_s: int = 0


def _problem(status: int, code: str, title: str, detail: str = "", **more: int | str) -> Problem:
    return Problem(status=status, code=code, title=title, detail=detail, **more)  # type: ignore[arg-type]


def _dpop(code: str) -> str:
    """RFC 9449 7.1."""
    return f'DPoP realm="hub", error="{code}", algs="{" ".join(ALGORITHMS)}"'


_NOTHING = "Nothing was charged. Once OhMyGPT answers again, try with a new Idempotency-Key: this one is used up."

#: The one table. The class itself counts first, then its bases.
HTTP_OF_ERROR: dict[type[Exception], Problem] = {
    # Who calls.
    MissingCredentialsError: _problem(
        401,
        "unauthorized",
        "Authentication is required",
        "Send Authorization: Bearer <access token>.",
        challenge='Bearer realm="hub"',
    ),
    InvalidTokenError: _problem(
        401,
        "invalid_token",
        "The access token is not valid",
        "It is unknown, expired or revoked.",
        challenge='Bearer realm="hub", error="invalid_token"',
    ),
    BoundTokenError: _problem(
        401,
        "invalid_token",
        "The access token came in the wrong way",
        "A token that is bound to a key goes with Authorization: DPoP and a proof, any other with Bearer.",
        challenge=_dpop("invalid_token"),
    ),
    InvalidProofError: _problem(
        401,
        "invalid_dpop_proof",
        "The DPoP proof cannot be accepted",
        "About the proof: {error}.",
        challenge=_dpop("invalid_dpop_proof"),
    ),
    NonceRequiredError: _problem(
        401,
        "use_dpop_nonce",
        "The DPoP proof needs a nonce",
        "Repeat the call with a fresh proof that holds the nonce of the DPoP-Nonce header.",
        challenge=_dpop("use_dpop_nonce"),
    ),
    client_access.InvalidClientError: _problem(
        401,
        "invalid_client",
        "The client is not proven",
        "Unknown client_id, or not its secret.",
        challenge='Basic realm="hub"',
    ),
    ClientRequiredError: _problem(
        401,
        "client_required",
        "Authentication by your client is required",
        "Send your client id and secret (HTTP Basic).",
        challenge='Basic realm="hub"',
    ),
    InsufficientScopeError: _problem(
        403,
        "insufficient_scope",
        "The user did not allow this",
        "The scope {error.scope} was not granted.",
        challenge='Bearer realm="hub", error="insufficient_scope", scope="{error.scope}"',
    ),
    UserRequiredError: _problem(
        400, "user_required", "The user is missing", "With client authentication, name the user's sub in user."
    ),
    client_access.UnknownUserError: _problem(
        404, "unknown_user", "There is no such user", "Nobody of this sub lets your server act alone (offline_access)."
    ),
    ConnectionLostError: _problem(
        403,
        "connection_lost",
        "The user's connection to OhMyGPT is lost",
        "Nothing was charged. The user must sign in again; their sub stays the same.",
    ),
    # What is asked.
    InvalidJsonError: _problem(400, "invalid_json", "The body is not valid JSON", "{error}."),
    ValidationError: _problem(422, "invalid_request", "A field cannot be taken", "See errors for each field."),
    idempotency.IdempotencyKeyRequiredError: _problem(
        400,
        "idempotency_key_required",
        "The Idempotency-Key header is missing",
        "Send a key of your own for each act, such as your order number.",
    ),
    idempotency.IdempotencyKeyInvalidError: _problem(
        400, "idempotency_key_invalid", "The Idempotency-Key cannot be taken", "1 to 255 visible ASCII characters."
    ),
    idempotency.IdempotencyMismatchError: _problem(
        422,
        "idempotency_mismatch",
        "The Idempotency-Key was used for another request",
        "A repeat must be equal in every field; for another act take another key.",
    ),
    idempotency.IdempotencyInFlightError: _problem(
        409, "idempotency_in_flight", "The first request of this key is under way", "Ask again in a moment."
    ),
    # Charges.
    charge_errors.UnknownChargeError: _problem(404, "unknown_charge", "There is no such charge"),
    UnsupportedAssetError: _problem(422, "unsupported_asset", "Money is not taken in this asset", "OMG, USD or CNY."),
    charge_errors.LimitExceededError: _problem(
        403,
        "limit_exceeded",
        "More than the user allowed",
        "Nothing was charged. The user's limit per {error.period} is {error.limit}.",
    ),
    charge_errors.InsufficientFundsError: _problem(
        402,
        "insufficient_funds",
        "The user's balance is too small",
        "Nothing was charged. Send the user to top_up_url, then try with a new Idempotency-Key.",
    ),
    charge_errors.WalletFrozenError: _problem(
        403,
        "wallet_frozen",
        "The user's wallet is frozen",
        "Nothing was taken. A payment into it is disputed, or went back after it was spent.",
    ),
    charge_errors.ChargeRefusedError: _problem(
        502, "upstream_refused", "OhMyGPT refused the charge", "Nothing was charged. This Idempotency-Key is used up."
    ),
    charge_errors.ChargeNotSentError: _problem(503, "upstream_unavailable", "OhMyGPT does not answer", _NOTHING),
    charge_errors.ApprovalDeniedError: _problem(
        403,
        "approval_denied",
        "The user did not approve the charge",
        "Nothing was charged. This Idempotency-Key is used up.",
    ),
    charge_errors.ApprovalExpiredError: _problem(
        403,
        "approval_expired",
        "The user did not approve the charge in time",
        "Nothing was charged. To ask again, take a new Idempotency-Key.",
    ),
    # Holds.
    hold_errors.UnknownHoldError: _problem(404, "unknown_hold", "There is no such hold"),
    hold_errors.UncoveredHoldError: _problem(
        402,
        "insufficient_funds",
        "The user's balance is too small",
        "Nothing was held. Send the user to top_up_url, then try again.",
    ),
    hold_errors.HoldNeedsApprovalError: _problem(
        403,
        "approval_needed",
        "The user wants to be asked before so much is taken",
        "Nothing was held. Make a charge: it waits for the user's approval.",
    ),
    HoldClosedError: _problem(409, "hold_closed", "The hold is settled", "It is {error.status}."),
    CaptureTooLargeError: _problem(
        422, "capture_too_large", "More than is held", "{error.held} is held; nothing was captured."
    ),
    # Refunds.
    refund_errors.UnknownRefundError: _problem(404, "unknown_refund", "There is no such refund"),
    refund_errors.ChargeNotRefundableError: _problem(
        409, "charge_not_refundable", "Nothing can be given back of this charge", "It is {error.status}."
    ),
    refund_errors.RefundTooLargeError: _problem(
        422, "refund_too_large", "More than is left of the charge", "{error.left} is left; nothing was refunded."
    ),
    refund_errors.InsufficientEarningsError: _problem(
        409,
        "insufficient_earnings",
        "Your earnings here are too small to give so much back",
        "Nothing was refunded.",
    ),
    # Top-ups.
    top_up_errors.UnknownTopUpError: _problem(404, "unknown_top_up", "There is no such top-up"),
    top_up_errors.ProviderNotEnabledError: _problem(
        422, "provider_not_enabled", "This way to pay is not enabled", "{error.provider} is not enabled here."
    ),
    top_up_errors.InvalidTopUpError: _problem(
        422, "invalid_request", "A field cannot be taken", "See errors for each field."
    ),
    top_up_errors.TopUpUnclearError: _problem(
        503, "upstream_unavailable", "Stripe does not answer", "Repeat with the same Idempotency-Key in a moment."
    ),
    top_up_errors.TopUpFailedError: _problem(
        503, "upstream_unavailable", "No order was opened", "Try again later with a new Idempotency-Key."
    ),
    # Statements.
    UnknownMonthError: _problem(
        404, "unknown_month", "There is no statement of this month", "Ask for yyyy-mm, of a month that has begun."
    ),
    # Webhooks.
    webhook_errors.UnknownEndpointError: _problem(404, "unknown_webhook_endpoint", "There is no such endpoint"),
    webhook_errors.UnknownEventError: _problem(404, "unknown_event", "There is no such event"),
    webhook_errors.InvalidEndpointError: _problem(
        422, "invalid_request", "A field cannot be taken", "See errors for each field."
    ),
    webhook_errors.TooManyEndpointsError: _problem(
        422, "too_many_endpoints", "There are too many endpoints", "At most {error.limit}; delete one first."
    ),
    # OhMyGPT.
    UpstreamInsufficientFundsError: _problem(
        402, "insufficient_funds", "The user's balance is too small", "Send the user to top_up_url."
    ),
    UpstreamUnavailableError: _problem(
        503, "upstream_unavailable", "OhMyGPT does not answer", "Try again later.", retry_after_s=30
    ),
    UpstreamError: _problem(
        502, "upstream_error", "OhMyGPT answered something unexpected", "Try again later.", retry_after_s=30
    ),
    # HTTP.
    BadRequest: _problem(400, "bad_request", "The request cannot be understood"),
    NotFound: _problem(404, "not_found", "There is nothing at this address"),
    MethodNotAllowed: _problem(405, "method_not_allowed", "This address cannot be used that way"),
    RequestEntityTooLarge: _problem(413, "body_too_large", "The body is too large", "At most 64 KB."),
    UnsupportedMediaType: _problem(415, "unsupported_media_type", "The body is not JSON", "Send application/json."),
    HTTPException: _problem(400, "bad_request", "The request cannot be understood"),
    Exception: _problem(
        500, "internal_error", "Something went wrong on our side", "It was noted; quote request_id when you ask."
    ),
}


def problem_of(error_class: type[BaseException]) -> Problem:
    """Return how the error looks outside."""
    return next(HTTP_OF_ERROR[known] for known in error_class.__mro__ if known in HTTP_OF_ERROR)
