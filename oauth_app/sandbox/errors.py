"""What can go wrong, one class for each shape of answer.

* SandboxError
  - PlatformError   the envelope of ``/api/v1/…``
  - VendorError     the OpenAI or Anthropic body of ``/v1/…``
  - PageError       a page that a person reads
"""

from typing import NoReturn


class SandboxError(Exception):
    """The request is refused; `status` and the text are meant for the caller."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class PlatformError(SandboxError):
    """A refusal in the platform's envelope."""

    def __init__(self, status: int, error_type: str, text: str) -> None:
        super().__init__(status, text)
        self.error_type = error_type


class VendorError(SandboxError):
    """A refusal in the shape of the vendor whose route was called."""

    def __init__(
        self,
        status: int,
        kind: str,
        text: str,
        *,
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(status, text)
        self.kind = kind
        self.param = param
        self.code = code


class PageError(SandboxError):
    """A refusal as a page with a heading."""

    def __init__(self, status: int, heading: str, text: str) -> None:
        super().__init__(status, text)
        self.heading = heading


def bad_token() -> PlatformError:
    """Return the documented refusal of an OAuth token, with its literal text."""
    return PlatformError(
        401,
        "oauth_invalid_token_error",
        "Incorrect OhMyGPT OAuth token provided. Please try to re-authenticate with the OAuth provider.",
    )


def no_balance() -> PlatformError:
    """Return the documented refusal for lack of money; the space before the full stop is theirs."""
    return PlatformError(
        402,
        "insufficient_balance_error",
        "User balance is insufficient, your request has been rejected, "
        "please recharge in time at https://www.ohmygpt.com/pay .",
    )


def refuse(text: str) -> NoReturn:
    """Refuse a platform request that cannot be understood: ``statusCode`` 400."""
    raise PlatformError(400, "invalid_request_error", text)
