"""The parameters of a call; reading one checks it, and what nobody read is refused."""

import re
from collections.abc import Collection, Iterator
from typing import Any, Final, NoReturn

from oauth_app.sandbox.fields import is_web_address
from oauth_app.sandbox.stripe_double.errors import ParameterError
from oauth_app.sandbox.stripe_double.form import Tree

_LONGEST: Final = 5000
_WHOLE: Final = re.compile(r"-?[0-9]{1,15}", re.ASCII)

_SIGNS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

_MOST_METADATA: Final = 50
_LONGEST_METADATA_KEY: Final = 40
_LONGEST_METADATA_VALUE: Final = 500


class Params:
    """An object among the parameters, and where it stands, for messages such as ``line_items[0][quantity]``."""

    def __init__(self, tree: Tree, prefix: str = "") -> None:
        self._tree = tree
        self._prefix = prefix
        self._read: set[str] = set()
        self._nested: list[Params] = []

    def __contains__(self, key: str) -> bool:
        """Tell whether a parameter was sent, be it empty."""
        return key in self._tree

    def name(self, key: str) -> str:
        """Return the full name of a parameter."""
        return f"{self._prefix}[{key}]" if self._prefix else key

    def find_text(self, key: str, longest: int = _LONGEST) -> str | None:
        """Return a text, or None when it is absent or empty."""
        value = self._take(key)
        if isinstance(value, dict):
            self._refuse(key, f"Invalid string: {self.name(key)} must be a string.")
        if value and len(value) > longest:
            text = f"Invalid string: {self.name(key)} must be at most {longest} characters."
            self._refuse(key, text, "parameter_invalid_string_length")
        return value or None

    def text(self, key: str, longest: int = _LONGEST) -> str:
        """Return a required text."""
        value = self.find_text(key, longest)
        if value is None:
            self._refuse_absence(key)
        return value

    def find_whole(self, key: str, lowest: int = 0, highest: int = 10**12) -> int | None:
        """Return a whole number between two bounds, or None when it is absent."""
        text = self.find_text(key)
        if text is None:
            return None
        if not _WHOLE.fullmatch(text):
            self._refuse(key, f"Invalid integer: {text[:80]}", "parameter_invalid_integer")
        if not lowest <= int(text) <= highest:
            text = f"Invalid {self.name(key)}: must be from {lowest} to {highest}."
            self._refuse(key, text, "parameter_invalid_integer")
        return int(text)

    def whole(self, key: str, lowest: int = 0, highest: int = 10**12) -> int:
        """Return a required whole number between two bounds."""
        number = self.find_whole(key, lowest, highest)
        if number is None:
            self._refuse_absence(key)
        return number

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a boolean."""
        text = self.find_text(key)
        if text not in {None, "true", "false"}:
            self._refuse(key, f"Invalid boolean: {text}")
        return default if text is None else text == "true"

    def find_choice(self, key: str, choices: Collection[str]) -> str | None:
        """Return one of several words, or None when it is absent."""
        text = self.find_text(key)
        if text is not None and text not in choices:
            self._refuse(key, f"Invalid {self.name(key)}: must be one of {', '.join(choices)}")
        return text

    def find_url(self, key: str) -> str | None:
        """Return an absolute http or https address, or None when it is absent."""
        text = self.find_text(key)
        if text is not None and not is_web_address(text):
            self._refuse(key, "Not a valid URL", "url_invalid")
        return text

    def bounds(self, key: str) -> list[tuple[str, int]]:
        """Return the comparisons of a filter such as ``created[gte]=1``; a bare number must be met exactly."""
        if isinstance(self._tree.get(key), str):
            return [("=", self.whole(key))]
        nested = self.nested(key)
        found = [(sign, nested.find_whole(name)) for name, sign in _SIGNS.items()]
        return [(sign, number) for sign, number in found if number is not None]

    def texts(self, key: str) -> list[str]:
        """Return a list of texts; an absent one is empty."""
        items = self._items(key)
        if not all(isinstance(item, str) and item for item in items):
            self._refuse(key, f"Invalid array: {self.name(key)} must hold strings.")
        return items

    def nested(self, key: str) -> "Params":
        """Return an object; an absent one is empty."""
        return self._open(self.name(key), self._take(key) or {})

    def objects(self, key: str) -> list["Params"]:
        """Return a list of objects; an absent one is empty."""
        return [self._open(f"{self.name(key)}[{index}]", item) for index, item in enumerate(self._items(key))]

    def metadata(self, earlier: dict[str, str] | None = None) -> dict[str, str]:
        """Return the metadata after this call: an empty value removes a key, an empty ``metadata`` all."""
        change = self._take("metadata")
        if change == "":
            return {}
        if not isinstance(change, dict | None):
            self._refuse("metadata", "Invalid object: metadata must be an object.")
        for key, value in (change or {}).items():
            self._check_metadata(key, value)
        merged = {key: value for key, value in ((earlier or {}) | (change or {})).items() if value}
        if len(merged) > _MOST_METADATA:
            self._refuse("metadata", f"You may only specify up to {_MOST_METADATA} metadata keys.")
        return merged

    def check_all_read(self, ignored: Collection[str] = ()) -> None:
        """Refuse the call when it has a parameter that nobody read and nobody chose to ignore.

        Raises:
            ParameterError: 400 ``parameter_unknown``.
        """
        for name in self.unread():
            if name.partition("[")[0] not in ignored:
                text = f"Received unknown parameter: {name}. It does not exist, or the double does not emulate it."
                raise ParameterError(text, param=name, code="parameter_unknown")

    def unread(self) -> Iterator[str]:
        """Yield the full names of the parameters that nobody read."""
        yield from (self.name(key) for key in self._tree if key not in self._read)
        for nested in self._nested:
            yield from nested.unread()

    def _take(self, key: str) -> Any:  # noqa: ANN401 - a text, an object or nothing
        self._read.add(key)
        return self._tree.get(key)

    def _items(self, key: str) -> list[Any]:
        value = self._take(key) or {}
        if not isinstance(value, dict) or not all(index.isdecimal() and index.isascii() for index in value):
            self._refuse(key, f"Invalid array: {self.name(key)} must be a list.")
        return [value[index] for index in sorted(value, key=lambda index: (len(index), index))]

    def _open(self, name: str, value: object) -> "Params":
        if not isinstance(value, dict):
            text = f"Invalid object: {name} must be an object."
            raise ParameterError(text, param=name)
        nested = Params(value, name)
        self._nested.append(nested)
        return nested

    def _check_metadata(self, key: str, value: object) -> None:
        if not isinstance(value, str) or len(value) > _LONGEST_METADATA_VALUE:
            text = f"Metadata values must be strings of up to {_LONGEST_METADATA_VALUE} characters."
            self._refuse("metadata", text)
        if len(key) > _LONGEST_METADATA_KEY:
            self._refuse("metadata", f"Metadata keys can have up to {_LONGEST_METADATA_KEY} characters.")

    def _refuse_absence(self, key: str) -> NoReturn:
        if key in self._tree:
            text = f"You passed an empty string for '{self.name(key)}', which cannot be unset."
            self._refuse(key, text, "parameter_invalid_empty")
        self._refuse(key, f"Missing required param: {self.name(key)}.", "parameter_missing")

    def _refuse(self, key: str, text: str, code: str | None = None) -> NoReturn:
        raise ParameterError(text, param=self.name(key), code=code)
