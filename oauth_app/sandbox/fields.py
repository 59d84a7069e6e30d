"""The named fields of a platform request, however they were encoded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from oauth_app.sandbox import money, request_body
from oauth_app.sandbox.errors import refuse

_LONGEST: Final = 2_000


@dataclass(frozen=True)
class Fields:
    """The fields of one request; reading one checks it."""

    values: Mapping[str, object]

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text field; a missing one is refused unless there is a default.

        Raises:
            PlatformError: 400, missing, not a text, or too long.
        """
        value = self.values.get(name)
        if value in (None, "") and default is not None:
            return default
        if not isinstance(value, str) or not value:
            problem = "is required" if value in (None, "") else "must be a string"
            refuse(f"{name} {problem}")
        if len(value) > _LONGEST:
            refuse(f"{name} is longer than {_LONGEST} characters")
        return value

    def amount(self, name: str) -> int:
        """Return a positive amount in hundredths.

        Raises:
            PlatformError: 400, missing, zero, or not a decimal with two digits at most.
        """
        try:
            amount = money.parse(self.text(name))
        except money.AmountError:
            refuse(f"{name} must be a decimal string with at most two digits after the point")
        if amount == 0:
            refuse(f"{name} must be greater than zero")
        return amount

    def web_address(self, name: str) -> str:
        """Return an absolute http or https address.

        Raises:
            PlatformError: 400, missing or not such an address.
        """
        address = self.text(name)
        if not is_web_address(address):
            refuse(f"{name} must be an absolute http(s) address")
        return address


def is_web_address(text: str) -> bool:
    """Tell whether a text is an http(s) address that every reader takes for the same host.

    Browsers read a backslash as a slash and drop tabs and line ends; a user name before the
    host only serves to mislead. None of them has a place in a redirect.
    """
    if any(character in "\\@" or character <= " " for character in text.partition("?")[0]) or not text.isprintable():
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


async def read_fields(request: Request) -> Fields:
    """Return the fields of a form, multipart or JSON body; an empty body has none.

    Raises:
        PlatformError: 400, the body cannot be read.
    """
    try:
        if request_body.media_type(request) in {"application/x-www-form-urlencoded", "multipart/form-data"}:
            return Fields(await request_body.parse_form(request))
        body = await request_body.read(request)
        values = request_body.parse_json(body, numbers_as_text=True) if body.strip() else {}
    except request_body.BodyError as error:
        refuse(str(error))
    if not isinstance(values, dict):
        refuse("The body must be a JSON object.")
    return Fields(values)
