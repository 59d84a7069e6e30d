"""The kinds of site that the console registers, each with the grants that fit it."""

from dataclasses import dataclass
from enum import StrEnum

from oauth_app.models import Partner
from oauth_app.provider.clients import DEFAULT_GRANT_TYPES, DEVICE_CODE_GRANT


class Kind(StrEnum):
    """What runs at the partner's."""

    SERVER = "server"
    PAGE = "page"
    NATIVE = "native"


@dataclass(frozen=True, kw_only=True)
class KindRules:
    """What follows from the kind of a site."""

    is_public: bool
    grant_types: tuple[str, ...]
    #: What it may do without an address to come back to.
    grants_without_address: tuple[str, ...] = ()


RULES = {
    Kind.SERVER: KindRules(is_public=False, grant_types=DEFAULT_GRANT_TYPES),
    Kind.PAGE: KindRules(is_public=True, grant_types=DEFAULT_GRANT_TYPES),
    Kind.NATIVE: KindRules(
        is_public=True,
        grant_types=(*DEFAULT_GRANT_TYPES, DEVICE_CODE_GRANT),
        grants_without_address=("refresh_token", DEVICE_CODE_GRANT),
    ),
}


def kind_of(partner: Partner) -> Kind:
    """Return the kind that the site was registered as, or comes nearest to."""
    if not partner.is_public:
        return Kind.SERVER
    return Kind.NATIVE if DEVICE_CODE_GRANT in partner.grant_types else Kind.PAGE


def grants_for(kind: Kind, *, has_address: bool) -> tuple[str, ...]:
    """Return the grants of a site of this kind."""
    rules = RULES[kind]
    return rules.grant_types if has_address or not rules.grants_without_address else rules.grants_without_address
