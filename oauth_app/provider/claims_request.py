"""The ``claims`` parameter (OpenID Connect Core 5.5): what a partner asks to know, claim by claim.

A claim is given only if a granted scope opens it. So a claim that is asked for by its name asks for its scope: the
consent page shows that, and the user decides about it. What the parameter adds is where the claim is told.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from oauth_app.provider.requests import ProtocolRequest
from oauth_app.provider.userinfo import CLAIMS_OF_SCOPE

#: Where a claim can be asked for.
_PLACES = ("id_token", "userinfo")
_MAX_CHARS = 4096
_OPENID = "openid"
ACR = "acr"
#: The scope that opens each claim.
SCOPE_OF_CLAIM = {claim: scope for scope, claims in CLAIMS_OF_SCOPE.items() for claim in claims}
_UNDERSTOOD = {"id_token": {*SCOPE_OF_CLAIM, ACR, "auth_time"}, "userinfo": {*SCOPE_OF_CLAIM}}


@dataclass(frozen=True, kw_only=True)
class RequestedClaims:
    """What was understood: place -> claim -> what is wanted of it."""

    by_place: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def subject(self) -> str | None:
        """The ``sub`` that the user must have (OIDC Core 3.1.2.2 point 5); None if anybody will do."""
        wanted = {repr(value): value for value in self._values("sub")}
        if len(wanted) > 1 or any(not isinstance(value, str) for value in wanted.values()):
            raise InvalidRequestError(description="claims must name one sub")
        return next(iter(wanted.values()), None)

    @property
    def essential_acr(self) -> frozenset[str] | None:
        """The values of ``acr`` without which the sign-in is to fail (OIDC Core 5.5.1.1); None if any will do."""
        wish = self.by_place.get("id_token", {}).get(ACR, {})
        values = wish.get("values", [wish["value"]] if "value" in wish else None)
        return frozenset(values) if wish.get("essential") and values is not None else None

    def scopes(self) -> tuple[str, ...]:
        """Return the scopes that open what is asked for."""
        names = (name for claims in self.by_place.values() for name in claims if name in SCOPE_OF_CLAIM)
        return tuple(dict.fromkeys(SCOPE_OF_CLAIM[name] for name in names))

    def kept(self) -> dict[str, Any] | None:
        """Return what must be remembered until the tokens are made: the names by place; None if nothing is."""
        return {place: sorted(claims) for place, claims in self.by_place.items() if claims} or None

    def _values(self, name: str) -> Iterable[Any]:
        wishes = (claims[name] for claims in self.by_place.values() if name in claims)
        return (wish["value"] for wish in wishes if "value" in wish)


def read_claims(request: ProtocolRequest) -> RequestedClaims:
    """Return what the request asks to know; ``acr_values`` asks for ``acr`` (OIDC Core 3.1.2.1).

    Raises:
        InvalidRequestError: the parameter is not what OIDC Core 5.5 says.
    """
    text = request.payload.data.get("claims")
    asked = {} if text is None else _parse(text)
    by_place: dict[str, dict[str, Mapping[str, Any]]] = {
        place: _read_place(place, asked.get(place)) for place in _PLACES
    }
    if "acr_values" in request.payload.data:
        by_place["id_token"].setdefault(ACR, {})
    is_openid = _OPENID in (request.payload.scope or "").split()
    return RequestedClaims(by_place=by_place) if is_openid else RequestedClaims()


def check_essential_acr(claims: RequestedClaims, known: str) -> None:
    """OIDC Core 5.5.1.1: an essential ``acr`` that cannot be had is a sign-in that failed.

    Raises:
        OAuth2Error: ``unmet_authentication_requirements``.
    """
    if claims.essential_acr is not None and known not in claims.essential_acr:
        raise OAuth2Error(
            error="unmet_authentication_requirements", description="acr cannot be what the claims parameter demands"
        )


def _parse(text: str) -> dict[str, Any]:
    if len(text) > _MAX_CHARS:
        raise _wrong(what=f"must have at most {_MAX_CHARS} characters")
    try:
        asked = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        raise _wrong(what="must be JSON, and name nothing twice") from None
    if not isinstance(asked, dict):
        raise _wrong(what="must be a JSON object")
    return asked


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _read_place(place: str, claims: Any) -> dict[str, Mapping[str, Any]]:  # noqa: ANN401 - whatever was sent
    if claims is None:
        return {}
    if not isinstance(claims, dict):
        raise _wrong(what=f"must have an object at {place}")
    for wish in claims.values():
        _check_wish(wish)
    return {name: wish or {} for name, wish in claims.items() if name in _UNDERSTOOD[place]}


def _check_wish(wish: Any) -> None:  # noqa: ANN401 - whatever was sent
    if wish is None:
        return
    if not isinstance(wish, dict) or not isinstance(wish.get("essential", False), bool):
        raise _wrong(what="must say null or an object of each claim, with essential true or false")
    values = wish.get("values", [])
    if not isinstance(values, list) or not all(isinstance(value, (str, int, float, bool)) for value in values):
        raise _wrong(what="must have lists of plain values")
    if "value" in wish and not isinstance(wish["value"], (str, int, float, bool)):
        raise _wrong(what="must have plain values")


def _wrong(*, what: str) -> InvalidRequestError:
    return InvalidRequestError(description=f"claims {what}")
