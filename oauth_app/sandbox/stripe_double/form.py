"""Stripe's form encoding: ``a[b][0][c]=1`` stands for nested objects and lists."""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

from oauth_app.sandbox.stripe_double.errors import ParameterError

#: Objects and lists alike; a list has the keys "0", "1" and so on.
Tree = dict[str, Any]

_MOST_FIELDS: Final = 1000
_DEEPEST: Final = 8
_KEY: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def parse(text: bytes) -> list[tuple[str, str]]:
    """Return the pairs of a urlencoded body or query.

    Raises:
        ParameterError: not UTF-8, or too many fields.
    """
    try:
        return parse_qsl(text.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except UnicodeError as error:
        msg = "Invalid request: the parameters are not valid UTF-8."
        raise ParameterError(msg) from error
    except ValueError as error:
        msg = f"Invalid request: there are more than {_MOST_FIELDS} parameters."
        raise ParameterError(msg) from error


def nest(pairs: Iterable[tuple[str, str]]) -> Tree:
    """Return the tree that bracketed names describe; of a repeated name the last value stays.

    Raises:
        ParameterError: a name has odd brackets, is too deep, or is both a value and an object.
    """
    tree: Tree = {}
    for name, value in pairs:
        *parents, last = _steps(name)
        branch = tree
        for step in parents:
            branch = branch.setdefault(_key(branch, step), {})
            if not isinstance(branch, dict):
                raise _odd(name)
        key = _key(branch, last)
        if isinstance(branch.get(key), dict):
            raise _odd(name)
        branch[key] = value
    return tree


def _steps(name: str) -> list[str]:
    found = _KEY.fullmatch(name)
    steps = [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])] if found else []
    if not 0 < len(steps) <= _DEEPEST:
        raise _odd(name)
    return steps


def _key(branch: Tree, step: str) -> str:
    """Return the key of a step; empty brackets append to a list."""
    return step or str(len(branch))


def _odd(name: str) -> ParameterError:
    return ParameterError(f"Invalid request: the parameter name '{name[:80]}' cannot be read.", param=name[:80])
