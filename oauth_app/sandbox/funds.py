"""Setting money aside for a call, and keeping what it cost: first the free allowance, then the paid balance.

What was asked with an API key is booked on the key too. The key's permission and
its limit are checked here, so that no call that costs money can pass them by.
"""

from dataclasses import dataclass

from oauth_app.sandbox import accounts, api_keys
from oauth_app.sandbox.accounts import Movement
from oauth_app.sandbox.api_keys import ApiKey
from oauth_app.sandbox.errors import PlatformError, VendorError, no_balance
from oauth_app.sandbox.store import Store


class FundsError(Exception):
    """A call cannot be paid; the route decides the shape in which the caller learns of it."""

    def __init__(self, status: int, kind: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.kind = kind
        self.text = text

    def on_platform(self) -> PlatformError:
        """Return the refusal in the platform's envelope."""
        return PlatformError(self.status, self.kind, self.text)

    def on_vendor(self) -> VendorError:
        """Return the refusal in the shape of the vendor's routes."""
        return VendorError(self.status, self.kind, self.text)


class NoMoneyError(FundsError):
    """Free and paid balance together are too small; platform and AI routes have a text each."""

    def __init__(self) -> None:
        text = (
            "Insufficient balance. Please recharge your account at "
            "https://www.ohmygpt.com/billing to continue using our API Service."
        )
        super().__init__(402, "insufficient_balance_error", text)

    def on_platform(self) -> PlatformError:
        """Return the documented refusal in the platform's words."""
        return no_balance()


@dataclass(frozen=True, kw_only=True)
class Funds:
    """Money set aside for one call of a model or service."""

    account_id: int
    key: str | None
    name: str
    free_cents: int
    paid_cents: int


def set_aside(store: Store, account_id: int, name: str, cents: int) -> Funds:
    """Set the price of a call aside.

    Args:
        store: where the balances stand; no transaction may be open.
        account_id: who pays.
        name: the model or service that is called.
        cents: the price, in hundredths of a unit.

    Raises:
        FundsError: 401, the key may not use this; 402, the balance or the key's limit is too small.
    """
    key = api_keys.present.get()
    with store.transaction():
        if key:
            _book(store, key, name, cents)
        account = accounts.get_by_id(store, account_id)
        free = min(cents, account.free_cents)
        if account.paid_cents < cents - free:
            raise NoMoneyError
        _add(store, account_id, -free, free - cents)
    key_id = key.key if key else None
    return Funds(account_id=account_id, key=key_id, name=name, free_cents=free, paid_cents=cents - free)


def keep(store: Store, funds: Funds, cents: int, remark: str) -> None:
    """Keep the price of what was delivered, give back the rest, and write the statement."""
    kept_free = min(cents, funds.free_cents)
    kept_paid = min(cents - kept_free, funds.paid_cents)
    kept = kept_free + kept_paid
    with store.transaction():
        _add(store, funds.account_id, funds.free_cents - kept_free, funds.paid_cents - kept_paid)
        if funds.key:
            api_keys.give_back(store, funds.key, funds.free_cents + funds.paid_cents - kept)
        line = Movement(account_id=funds.account_id, kind="call", cents=-kept, reference=funds.name, remark=remark)
        accounts.note(store, line)


def pay(store: Store, account_id: int, name: str, cents: int) -> None:
    """Pay for a call of a platform route at once.

    Raises:
        PlatformError: 401, the key may not use this; 402, the balance or the key's limit is too small.
    """
    try:
        funds = set_aside(store, account_id, name, cents)
    except FundsError as error:
        raise error.on_platform() from error
    keep(store, funds, cents, "one call")


def _book(store: Store, key: ApiKey, name: str, cents: int) -> None:
    if not key.permits(name):
        # The FAQ: a 401 usually means no money or a key without the model's permission.
        raise FundsError(401, "no_permission_error", f"This API key has no permission to use '{name}'.")
    if not api_keys.count_use(store, key.key, cents):
        text = "This API key has reached its max_fee; raise it or use another key."
        raise FundsError(402, "insufficient_balance_error", text)


def _add(store: Store, account_id: int, free_cents: int, paid_cents: int) -> None:
    store.run(
        "UPDATE account SET free_cents = free_cents + ?, paid_cents = paid_cents + ? WHERE id = ?",
        free_cents,
        paid_cents,
        account_id,
    )
