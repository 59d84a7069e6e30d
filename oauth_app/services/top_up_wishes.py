"""What can be asked of a top-up: which provider, how much, and where the user goes on to."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from oauth_app.models import Partner
from oauth_app.services.idempotency import check_key, digest_of
from oauth_app.services.top_up_errors import InvalidTopUpError, ProviderNotEnabledError

#: In hundredths: 1.00 to 100 000.00 of CNY or USD.
MIN_AMOUNT, MAX_AMOUNT = 100, 10_000_000
OHMYGPT, STRIPE = "ohmygpt", "stripe"
CNY = "CNY"
#: What each provider takes: OhMyGPT credits its own balance, Stripe the wallet here.
ASSETS = {OHMYGPT: (CNY,), STRIPE: ("USD", CNY)}
#: The kind of an order that a card on file pays; nobody can wish for one.
SAVED_CARD = "saved_card"


class TopUpKind(StrEnum):
    """How the user pays."""

    CHECKOUT = "checkout"
    INVOICE = "invoice"


@dataclass(frozen=True, kw_only=True)
class TopUpWish:
    """An order to open; ``amount`` in hundredths. Without a partner it is the user's own, from the account page."""

    user_id: str
    amount: int
    kind: TopUpKind = TopUpKind.CHECKOUT
    asset: str = CNY
    provider: str = OHMYGPT
    return_url: str | None = None
    partner_id: str | None = None
    idempotency_key: str | None = None
    #: Keep the card at Stripe for automatic top-ups.
    keep_card: bool = False

    def __post_init__(self) -> None:
        if self.partner_id is not None:
            check_key(self.idempotency_key)
        if self.provider not in ASSETS:
            raise ProviderNotEnabledError(self.provider)
        if self.asset not in (taken := ASSETS[self.provider]):
            raise InvalidTopUpError(field="asset", reason=f"{self.provider} is paid in {' or '.join(taken)}")
        if not MIN_AMOUNT <= self.amount <= MAX_AMOUNT:
            raise InvalidTopUpError(
                field="amount", reason=f"{MIN_AMOUNT} to {MAX_AMOUNT}, that is 1.00 to 100 000.00 {self.asset}"
            )

    def digest(self) -> str:
        """Return what a repeat of the request must have in common with it."""
        return digest_of(
            {
                "user": self.user_id,
                "amount": self.amount,
                "asset": self.asset,
                "provider": self.provider,
                "kind": self.kind,
                "return_url": self.return_url,
            }
        )


def check_return_url(url: str | None, partner: Partner | None, issuer: str) -> None:
    """Refuse to send the user to anybody but the partner; on the account page, to anybody but the hub.

    Raises:
        InvalidTopUpError: another origin, or no address at all.
    """
    known = [issuer] if partner is None else partner.redirect_uris
    if url is None:
        return
    if not url.isascii() or "\\" in url or any(char <= " " for char in url):
        raise InvalidTopUpError(field="return_url", reason="plain ASCII without spaces")
    if _origin(url) not in {_origin(address) for address in known}:
        raise InvalidTopUpError(field="return_url", reason="the origin of one of the registered redirect URIs")


def _origin(url: str) -> tuple[str, str]:
    """Return scheme and authority; a user name stays in it, so it never equals a registered one."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise InvalidTopUpError(field="return_url", reason="not an address") from None
    return parts.scheme.lower(), parts.netloc.lower()
