"""Inputs that may be texts or lists of token numbers, one or many."""

from oauth_app.sandbox import tokens
from oauth_app.sandbox.json_fields import JsonFields, refuse


def read_inputs(fields: JsonFields, key: str, most: int) -> list[tuple[str, int]]:
    """Return each input as a text and its tokens; token lists are taken as they are.

    Raises:
        VendorError: 400, there is none, there are too many, or one is of another type.
    """
    value = fields.values.get(key)
    if value in (None, "", []):
        refuse(key, f"Missing required parameter: '{key}'.")
    single = isinstance(value, str) or _is_token_list(value)
    inputs = [value] if single else value
    if not isinstance(inputs, list) or len(inputs) > most:
        refuse(key, f"Invalid type for '{key}': expected a string or an array of at most {most} inputs.")
    return [_read_input(item, key) for item in inputs]


def _read_input(item: object, key: str) -> tuple[str, int]:
    if isinstance(item, str) and item:
        return item, tokens.count(item)
    if not isinstance(item, list) or not _is_token_list(item):
        refuse(key, f"Invalid type for '{key}': each input must be a non-empty string or an array of token numbers.")
    return repr(item), len(item)


def _is_token_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(type(item) is int for item in value)
