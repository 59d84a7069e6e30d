"""What the double refuses, in Stripe's shape.

* StripeError       the request was understood and could not be carried out
  - ParameterError  the request itself is wrong; as at Stripe it leaves its idempotency key unused
"""

from typing import Any, Final, NoReturn

from oauth_app.sandbox.errors import SandboxError

_INVALID: Final = "invalid_request_error"


class StripeError(SandboxError):
    """A refusal with the `status` and the ``error`` object that Stripe answers with."""

    def __init__(self, status: int, text: str, *, kind: str = _INVALID, **details: str | None) -> None:
        super().__init__(status, text)
        self.kind = kind
        self.details = details

    def body(self) -> dict[str, Any]:
        """Return the answer's body; details that are not known are left out, as Stripe does."""
        known = {name: value for name, value in self.details.items() if value is not None}
        return {"error": {**known, "message": self.text, "type": self.kind}}


class ParameterError(StripeError):
    """A parameter, header or address that makes no sense."""

    def __init__(self, text: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(status, text, param=param, code=code)


def refuse(text: str, *, param: str | None = None, code: str | None = None) -> NoReturn:
    """Refuse something that the state of the objects does not allow: 400."""
    raise StripeError(400, text, param=param, code=code)


def refuse_unknown(kind: str, object_id: str, param: str) -> NoReturn:
    """Refuse an id: 404 for the one in the address, 400 for one among the parameters."""
    status = 404 if param == "id" else 400
    raise StripeError(status, f"No such {kind}: '{object_id}'", param=param, code="resource_missing")


def bad_key(key: str) -> StripeError:
    """Return the 401 for a key that is missing or wrong; of a wrong one only the ends are repeated."""
    if not key:
        return StripeError(401, "You did not provide an API key. Use HTTP Basic or Bearer authorization.")
    shown = f"{key[:8]}{'*' * max(len(key) - 12, 4)}{key[-4:]}" if len(key) > 16 else "*" * len(key)
    return StripeError(401, f"Invalid API Key provided: {shown}")


def no_such_address(method: str, path: str, status: int) -> StripeError:
    """Return the refusal of an address that the double does not serve."""
    text = f"Unrecognized request URL ({method}: {path}). The double's README lists what it serves."
    return StripeError(status, text)
