"""The JSON body of an AI call; reading a field checks it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from starlette.requests import Request

from oauth_app.sandbox import request_body
from oauth_app.sandbox.errors import VendorError

_DEEPEST: Final = 100


def refuse(param: str | None, text: str) -> NoReturn:
    """Refuse a request because of one of its fields."""
    raise VendorError(400, "invalid_request_error", text, param=param)


@dataclass(frozen=True)
class JsonFields:
    """A JSON object and where it stands in the body, for messages such as ``messages[0].role``."""

    values: Mapping[str, Any]
    prefix: str = ""

    def name(self, key: str) -> str:
        """Return the full name of a field."""
        return f"{self.prefix}{key}"

    def text(self, key: str) -> str:
        """Return a required text that is not empty."""
        value = self.values.get(key)
        if value is None:
            refuse(self.name(key), f"Missing required parameter: '{self.name(key)}'.")
        if not isinstance(value, str) or not value:
            refuse(self.name(key), f"Invalid type for '{self.name(key)}': expected a non-empty string.")
        return value

    def one_of(self, key: str, choices: Sequence[str]) -> str:
        """Return one of some texts; absent is the first of them."""
        value = self.values.get(key)
        if value is None:
            return choices[0]
        if value not in choices:
            refuse(self.name(key), f"Invalid value for '{self.name(key)}': must be one of {', '.join(choices)}.")
        return str(value)

    def flag(self, key: str) -> bool:
        """Return a boolean; absent and null are false."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            refuse(self.name(key), f"Invalid type for '{self.name(key)}': expected a boolean.")
        return bool(value)

    def whole(self, key: str, lowest: int, highest: int) -> int | None:
        """Return a whole number between two bounds, or None when it is absent."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            refuse(self.name(key), f"Invalid type for '{self.name(key)}': expected an integer.")
        if not lowest <= value <= highest:
            refuse(self.name(key), f"Invalid value for '{self.name(key)}': must be from {lowest} to {highest}.")
        return value

    def number(self, key: str, highest: int) -> float | None:
        """Return a number from zero to a bound, or None when it is absent."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= highest:
            refuse(self.name(key), f"Invalid value for '{self.name(key)}': must be a number from 0 to {highest}.")
        return value

    def texts(self, key: str) -> list[str]:
        """Return a text or a list of texts as a list; absent is empty."""
        value = self.values.get(key)
        texts = [value] if isinstance(value, str) else value or []
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            refuse(self.name(key), f"Invalid type for '{self.name(key)}': expected a string or a list of strings.")
        return texts

    def objects(self, key: str) -> list["JsonFields"]:
        """Return a list of objects that is required and not empty."""
        value = self.values.get(key)
        if value is None:
            refuse(self.name(key), f"Missing required parameter: '{self.name(key)}'.")
        if not isinstance(value, list) or not value:
            refuse(self.name(key), f"Invalid type for '{self.name(key)}': expected a non-empty array.")
        return [self._nested(item, f"{self.name(key)}[{index}]") for index, item in enumerate(value)]

    def nested(self, key: str) -> "JsonFields":
        """Return an object; an absent one is empty."""
        return self._nested(self.values.get(key) or {}, self.name(key))

    @staticmethod
    def _nested(value: object, name: str) -> "JsonFields":
        if not isinstance(value, dict):
            refuse(name, f"Invalid type for '{name}': expected an object.")
        return JsonFields(value, f"{name}.")


async def read_json_fields(request: Request) -> JsonFields:
    """Return the object that a body holds.

    Raises:
        VendorError: 400, it cannot be read or is not an object.
    """
    try:
        value = request_body.parse_json(await request_body.read(request))
    except request_body.BodyError as error:
        raise VendorError(400, "invalid_request_error", str(error)) from error
    return read_object(value)


def read_object(value: object) -> JsonFields:
    """Return a JSON value as fields.

    Raises:
        VendorError: 400, it is not an object, or nested so deep that it could not be written again.
    """
    if not isinstance(value, dict):
        refuse(None, "The body must be a JSON object.")
    if _is_deep(value):
        refuse(None, f"The body is nested deeper than {_DEEPEST} levels.")
    return JsonFields(value)


def _is_deep(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        children = [item.values() if isinstance(item, dict) else item for item in level]
        level = [child for items in children for child in items if isinstance(child, (dict, list))]
        if not level:
            return False
    return True
