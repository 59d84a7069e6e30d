"""What the hub asks OhMyGPT, an operation a method. The wire profile says how each looks outside."""

import base64
from typing import Any
from urllib.parse import urlencode

from oauth_app.upstream.amounts import format_amount, parse_amount
from oauth_app.upstream.errors import UpstreamProtocolError
from oauth_app.upstream.nouns import IssuedToken, UpstreamBalance, UpstreamCharge, UpstreamOrder, UpstreamUser
from oauth_app.upstream.profile import Operation, WireOperation, WireProfile
from oauth_app.upstream.transport import Answer, Transport, read_envelope


class UpstreamClient:
    """OhMyGPT for one OAuth app. Every method may raise any UpstreamError."""

    def __init__(
        self, profile: WireProfile, transport: Transport, *, web_base: str, client_id: str, client_secret: str
    ) -> None:
        self._profile = profile
        self._transport = transport
        self._web_base = web_base.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret

    @property
    def units_per_cny(self) -> int:
        """How many platform units make 1 CNY."""
        return self._profile.units.units_per_cny

    @property
    def code_page(self) -> str:
        """The page that shows the code to the user: a ``redirect_uri`` for those who cannot be redirected."""
        return self._web_base + self._profile.pages["code"].path

    def authorize_url(self, *, state: str, redirect_uri: str, redirect_template: str | None = None) -> str:
        """Return where to send the browser.

        ``redirect_template`` is the suffix that OhMyGPT appends to ``redirect_uri``, with ``{code}`` and
        ``{state}`` filled in, such as ``?code={code}&state={state}&lang=zh``.
        """
        page = self._profile.pages["authorize"]
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": page.scope,
            "state": state,
        }
        if redirect_template is not None:
            query["redirect_template"] = base64.b64encode(redirect_template.encode()).decode()
        return f"{self._web_base}{page.path}?{urlencode(query)}"

    def issue_token(self, code: str) -> IssuedToken:
        """Exchange the code of the authorize page for the user's long-lived token."""
        data = self._ask(
            Operation.ISSUE_TOKEN,
            {"client_id": self._client_id, "client_secret": self._client_secret, "code": code},
        )
        return IssuedToken(user_id=data["user_id"], token=data["token"])

    def user_info(self, token: str) -> UpstreamUser:
        """Tell who the token stands for."""
        data = self._ask(Operation.USER_INFO, {}, token)
        return UpstreamUser(user_id=data["user_id"], email=data["email"])

    def balance(self, token: str) -> UpstreamBalance:
        """Tell what the user can spend."""
        data = self._ask(Operation.BALANCE, {}, token)
        return UpstreamBalance(paid=_amount(data["paid"]), free=_amount(data["free"]))

    def charge(self, token: str, *, amount: int, remark: str) -> UpstreamCharge:
        """Take ``amount`` hundredths of a unit from the user. There is no idempotency here: call it once.

        Raises:
            UpstreamUnavailableError: it may have happened all the same, unless ``surely_not_sent``.
            UpstreamProtocolError: it may have happened.
        """
        data = self._ask(Operation.CHARGE, {"amount": format_amount(amount), "remark": remark}, token)
        if _amount(data["amount"]) != amount:
            msg = f"asked for {amount} and charged {data['amount']}"
            raise UpstreamProtocolError(msg)
        return UpstreamCharge(order_id=data["order_id"], balance=_amount(data["balance"]))

    def checkout_order(self, token: str, *, amount: int, success_url: str, cancel_url: str) -> UpstreamOrder:
        """Open a Stripe Checkout order over ``amount`` hundredths of a CNY."""
        values = {"amount": format_amount(amount), "success_url": success_url, "cancel_url": cancel_url}
        return _order(self._ask(Operation.CHECKOUT_ORDER, values, token))

    def invoice_order(self, token: str, *, amount: int) -> UpstreamOrder:
        """Open a Stripe Invoice order over ``amount`` hundredths of a CNY."""
        return _order(self._ask(Operation.INVOICE_ORDER, {"amount": format_amount(amount)}, token))

    def read_management_token(self, token: str) -> str:
        """Return the user's management token."""
        return self._ask(Operation.READ_MANAGEMENT_TOKEN, {}, token)["token"]

    def update_management_token(self, token: str) -> str:
        """Replace the user's management token; the old one is void at once. Return the new one."""
        return self._ask(Operation.UPDATE_MANAGEMENT_TOKEN, {}, token)["token"]

    def model_rates(self, key: str) -> dict[str, Any]:
        """Tell what is taken over the vendors' list prices, by model, as it came; any key of an account will do."""
        wire = self._profile.operations[Operation.MODEL_RATES]
        return read_envelope(self._transport.send(wire, {}, key), self._profile.errors)

    def call(self, token: str, operation: WireOperation, values: dict[str, str]) -> Answer:
        """Call any other open API with the user's token; the answer is given back as it came."""
        return self._transport.send(operation, values, token)

    def _ask(self, operation: Operation, values: dict[str, str], token: str | None = None) -> dict[str, str]:
        wire = self._profile.operations[operation]
        data = read_envelope(self._transport.send(wire, values, token), self._profile.errors)
        return {name: _text_at(data, path) for name, path in wire.response.items()}


def _order(data: dict[str, str]) -> UpstreamOrder:
    if not data["url"].startswith(("https://", "http://")):
        msg = "the order's url is not a web address"
        raise UpstreamProtocolError(msg)
    return UpstreamOrder(order_id=data["order_id"], url=data["url"])


def _text_at(data: dict[str, Any], path: str) -> str:
    value: Any = data
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        msg = f"the answer lacks {path}"
        raise UpstreamProtocolError(msg)
    return value


def _amount(text: str) -> int:
    try:
        return parse_amount(text)
    except ValueError:
        msg = "an amount is not a decimal with two digits"
        raise UpstreamProtocolError(msg) from None
