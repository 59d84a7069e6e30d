"""What the operator allows a partner of AI calls, on the command line; the names are those of ``SiteLimits``."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import click

from oauth_app.services.site_limits import SiteLimits
from oauth_app.upstream.amounts import parse_amount

_WORDS = {
    "site_spend_per_day": "CNY that AI calls of all its users may cost a day",
    "site_spend_per_month": "CNY that AI calls of all its users may cost a month",
    "site_calls_per_minute": "AI calls of all its users a minute",
    "site_calls_at_once": "AI calls of all its users at the same time",
    "token_spend_per_day": "CNY that AI calls by one access token may cost a day",
    "token_calls_per_minute": "AI calls by one access token a minute",
    "token_calls_at_once": "AI calls by one access token at the same time",
}
_NAMES = tuple(one.name for one in fields(SiteLimits))


def site_limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """Let the command take the limits."""
    for name in reversed(_NAMES):
        words = f"At most so many {_WORDS[name]}; '' for no limit."
        command = click.option(f"--{name.replace('_', '-')}", name, help=words)(command)
    return command


def take_site_limits(told: dict[str, Any]) -> dict[str, str]:
    """Take the limits out of what was said, and return them."""
    said = {name: told.pop(name) for name in _NAMES}
    return {name: text for name, text in said.items() if text is not None}


def read_site_limits(before: SiteLimits, said: Mapping[str, str], units_per_cny: int) -> SiteLimits:
    """Return the limits with what was said, and the rest as it was."""
    return replace(before, **{name: _read(name, text.strip(), units_per_cny) for name, text in said.items()})


def _read(name: str, text: str, units_per_cny: int) -> int | None:
    if not text:
        return None
    try:
        return parse_amount(text) * units_per_cny if "_spend_" in name else int(text)
    except ValueError:
        msg = f"{text!r} is neither a number nor empty"
        raise click.BadParameter(msg, param_hint=f"--{name.replace('_', '-')}") from None
