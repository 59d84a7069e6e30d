"""The named fields of a platform request, however they were encoded."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from oauth_app.sandbox import clock, money, request_body
from oauth_app.sandbox.errors import refuse
from oauth_app.sandbox.request_body import Upload

_LONGEST: Final = 2_000

_WHOLE: Final = re.compile(r"-?[0-9]{1,15}", re.ASCII)


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

    def amount(self, name: str, *, zero: bool = False) -> int:
        """Return an amount in hundredths, which is positive unless `zero` is allowed.

        Raises:
            PlatformError: 400, missing, zero, or not a decimal with two digits at most.
        """
        try:
            amount = money.parse(self.text(name))
        except money.AmountError:
            refuse(f"{name} must be a decimal string with at most two digits after the point")
        if amount == 0 and not zero:
            refuse(f"{name} must be greater than zero")
        return amount

    def has(self, name: str) -> bool:
        """Tell whether a field was sent with a value; an empty text and null are none."""
        return self.values.get(name) not in (None, "")

    def flag(self, name: str) -> bool | None:
        """Return a boolean, or None when it is absent.

        Raises:
            PlatformError: 400, neither true nor false.
        """
        if not self.has(name):
            return None
        flag = {"true": True, "false": False}.get(str(self.values[name]).lower())
        if flag is None:
            refuse(f"{name} must be true or false")
        return flag

    def whole(self, name: str, lowest: int, highest: int, default: int | None = None) -> int:
        """Return a whole number between two bounds; a missing one is refused unless there is a default.

        Raises:
            PlatformError: 400, missing, not a whole number, or out of bounds.
        """
        if default is not None and not self.has(name):
            return default
        text = self.text(name)
        if not _WHOLE.fullmatch(text) or not lowest <= int(text) <= highest:
            refuse(f"{name} must be a whole number from {lowest} to {highest}")
        return int(text)

    def texts(self, name: str) -> list[str]:
        """Return a list of texts: a repeated field, a list, or a text that holds one in JSON; absent is empty.

        Raises:
            PlatformError: 400, anything else.
        """
        value = self.values.get(name) if self.has(name) else []
        if isinstance(value, str):
            value = _json_list(name, value) if value.lstrip().startswith("[") else [value]
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            refuse(f"{name} must be a list of strings")
        return value

    def moment(self, name: str) -> int:
        """Return a date and time in seconds since 1970; without an offset it is read as UTC+8.

        Raises:
            PlatformError: 400, missing or not ISO 8601.
        """
        text = self.text(name)
        try:
            return clock.parse(text)
        except (ValueError, OverflowError):
            refuse(f"{name} must be a date and time in ISO 8601")

    def upload(self, name: str) -> Upload:
        """Return a file.

        Raises:
            PlatformError: 400, missing or not sent as a file.
        """
        value = self.values.get(name)
        if not isinstance(value, Upload):
            refuse(f"{name} must be a file of a multipart/form-data body")
        return value

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
            return Fields(_grouped(await request_body.parse_pairs(request)))
        body = await request_body.read(request)
        values = request_body.parse_json(body, numbers_as_text=True) if body.strip() else {}
    except request_body.BodyError as error:
        refuse(str(error))
    if not isinstance(values, dict):
        refuse("The body must be a JSON object.")
    return Fields(values)


def _grouped(pairs: Iterable[tuple[str, str | Upload]]) -> dict[str, object]:
    """Return the fields by their names; the values of a repeated one are a list."""
    groups: dict[str, list[str | Upload]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in groups.items()}


def _json_list(name: str, text: str) -> object:
    try:
        return request_body.parse_json(text.encode(), numbers_as_text=True)
    except request_body.BodyError:
        refuse(f"{name} must be a list of strings")
