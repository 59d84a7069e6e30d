"""What a partner may know about its user."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from oauth_app.provider.userinfo import claims
from oauth_app.services.access import Access
from oauth_app.services.charge_limits import spent_this_month
from oauth_app.services.exchange import Rates


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The user as far as the granted scopes show them; None is not shown."""

    name: str | None
    email: str | None
    #: In hundredths of a unit, charged or held by this partner since the first of the month.
    spent_this_month: int


def read_profile(session: Session, access: Access, rates: Rates) -> Profile:
    """Return what the granted scopes open; ``rates`` are what other assets count against the limits."""
    known = claims(access.subject, access.email, access.scopes)
    return Profile(
        name=known.get("name"),
        email=known.get("email"),
        spent_this_month=spent_this_month(session, access.consent_id, rates),
    )
