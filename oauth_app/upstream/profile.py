"""The wire profile: how OhMyGPT's operations look on the wire, read from a data file."""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from oauth_app.errors import HubError

_DEFAULT = Path(__file__).with_name("profile.toml")


class ProfileError(HubError):
    """A profile file cannot be read, or names something that is not in the profile."""


class Operation(StrEnum):
    """What the hub asks OhMyGPT, mostly for a user."""

    ISSUE_TOKEN = "issue_token"  # noqa: S105 - the name of an operation
    USER_INFO = "user_info"
    BALANCE = "balance"
    CHARGE = "charge"
    CHECKOUT_ORDER = "checkout_order"
    INVOICE_ORDER = "invoice_order"
    READ_MANAGEMENT_TOKEN = "read_management_token"  # noqa: S105
    UPDATE_MANAGEMENT_TOKEN = "update_management_token"  # noqa: S105
    MODEL_RATES = "model_rates"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    provenance: Literal["documented", "observed", "inferred"]


class WireOperation(_Strict):
    """One operation: where it lives, what it takes, where its answers stand."""

    method: str
    path: str
    encoding: Literal["form", "json"]
    request: dict[str, str]
    response: dict[str, str]


class WireUnits(_Strict):
    """How money is counted on the wire."""

    units_per_cny: int


class WirePage(_Strict):
    """A page of OhMyGPT that the browser is sent to."""

    path: str
    scope: str = ""


class WireErrors(BaseModel):
    """Which ``errorType`` means what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grant_lost: list[str]
    insufficient_funds: list[str]


class WireProfile(BaseModel):
    """The whole profile."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    units: WireUnits
    pages: dict[Literal["authorize", "code"], WirePage]
    errors: WireErrors
    operations: dict[Operation, WireOperation]


def load_profile(override: Path | None = None) -> WireProfile:
    """Return the default profile, with the operator's file laid over it.

    Raises:
        ProfileError: the file is not TOML, or does not fit the profile.
    """
    content = tomllib.loads(_DEFAULT.read_text())
    try:
        if override is not None:
            content = _merged(content, tomllib.loads(override.read_text()))
        return WireProfile.model_validate(content)
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        msg = f"OHMYGPT_PROFILE={override}: {error}"
        raise ProfileError(msg) from error


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        below = base.get(key)
        result[key] = _merged(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return result
