"""The parameters of a platform's drawing operation; reading one checks it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from starlette.requests import Request

from oauth_app.sandbox.drawing import bodies, data_urls
from oauth_app.sandbox.errors import refuse
from oauth_app.sandbox.fields import is_web_address
from oauth_app.sandbox.request_body import BodyError

#: Midjourney's own limit for a prompt (inferred for the others).
_LONGEST: Final = 6_000

_WHOLE: Final = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_FLAGS: Final = {"true": True, "false": False}

#: A prompt with this in it goes wrong, for tests that need a failure.
FAIL_MARK: Final = "[[fail]]"


@dataclass(frozen=True)
class Parameters:
    """The parameters of one request; every refusal is ``statusCode`` 400 and names the parameter."""

    values: Mapping[str, Any]

    def find_text(self, name: str) -> str | None:
        """Return a text, or None when it is absent or empty."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            refuse(f"{name} must be a string")
        if len(value) > _LONGEST:
            refuse(f"{name} is longer than {_LONGEST} characters")
        return value

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        return self.find_text(name) or refuse(f"{name} is required")

    def choice(self, name: str, options: Collection[str], default: str | None = None) -> str:
        """Return one of some words; without a default it is required."""
        word = self.find_text(name) or default or refuse(f"{name} is required")
        return word if word in options else refuse(f"{name} must be one of {', '.join(options)}")

    def whole(self, name: str, lowest: int, highest: int) -> int | None:
        """Return a whole number within bounds, or None when it is absent."""
        text = self.find_text(name)
        if text is None:
            return None
        if not _WHOLE.fullmatch(text) or not lowest <= int(text) <= highest:
            refuse(f"{name} must be a whole number from {lowest} to {highest}")
        return int(text)

    def number(self, name: str, lowest: int, highest: int) -> Decimal | None:
        """Return a number within bounds, or None when it is absent."""
        text = self.find_text(name)
        if text is None:
            return None
        try:
            # Not "nan", which a comparison would not survive.
            number = Decimal(text) if text.isascii() and text[-1].isdigit() else None
        except InvalidOperation:
            number = None
        if number is None or not lowest <= number <= highest:
            refuse(f"{name} must be a number from {lowest} to {highest}")
        return number

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean: JSON's own, or ``true`` and ``false`` as words."""
        value = self.values.get(name)
        if isinstance(value, bool):
            return value
        word = (self.find_text(name) or str(default)).lower()
        return _FLAGS[word] if word in _FLAGS else refuse(f"{name} must be true or false")

    def web_address(self, name: str) -> str | None:
        """Return an http(s) address, or None when it is absent."""
        address = self.find_text(name)
        if address is not None and not is_web_address(address):
            refuse(f"{name} must be an absolute http(s) address")
        return address

    def images(self, name: str) -> list[bytes]:
        """Return pictures that came as data URLs or files; none when the parameter is absent."""
        return [data_urls.read_image(item, name) for item in bodies.listed(self.values.get(name))]

    def image(self, name: str) -> bytes:
        """Return a picture that must be there."""
        images = self.images(name)
        return images[0] if len(images) == 1 else refuse(f"{name} must be one picture")


async def read_parameters(request: Request) -> Parameters:
    """Return the parameters of a form, multipart or JSON body.

    Raises:
        PlatformError: 400, the body cannot be read.
    """
    try:
        return Parameters(await bodies.read_values(request, numbers_as_text=True))
    except BodyError as error:
        refuse(str(error))
