"""What counts against a user's limits, to the unit and to the instant, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Charge, Consent
from oauth_app.services.access import Access
from oauth_app.services.charge_errors import InsufficientFundsError, LimitExceededError
from oauth_app.services.charge_limits import needs_approval, spent_this_month
from oauth_app.services.charging import charge
from oauth_app.services.exchange import rates_of
from oauth_app.services.holds import place
from tests.fixtures.each_database import make_access
from tests.fixtures.hub import Sandbox, make_partner
from tests.services.wallets import fill_wallet, make_reservation
from tests.services.wishes import make_wish

CNY_WEIGHS = 34_000


def spent(hub: Hub, access: Access) -> int:
    """Return what counts this month, in hundredths of a unit."""
    with reading(hub.engine) as session:
        return spent_this_month(session, access.consent_id, rates_of(hub))


def allow(hub: Hub, access: Access, per_month: int | None) -> None:
    """Let the user allow so much a month, and any single charge."""
    with transaction(hub.engine) as session:
        consent = session.get_one(Consent, access.consent_id)
        consent.limit_per_charge, consent.limit_per_month = None, per_month


def date_charges(hub: Hub, made_at: datetime) -> None:
    """Let all charges be of another time."""
    with transaction(hub.engine) as session:
        session.execute(update(Charge).values(created_at=made_at))


def test_the_month_ends_at_its_limit(hub_there: Hub, access_there: Access) -> None:
    """The last hundredth may be taken, and not one more."""
    allow(hub_there, access_there, 10_01)
    charge(hub_there, access_there, make_wish(amount=10_00))
    charge(hub_there, access_there, make_wish(amount=1, idempotency_key="order-2"))

    with pytest.raises(LimitExceededError):
        charge(hub_there, access_there, make_wish(amount=1, idempotency_key="order-3"))
    assert spent(hub_there, access_there) == 10_01


def test_the_user_is_asked_above_the_amount_that_they_set() -> None:
    """Not for that amount itself, and for nothing where none is set."""
    asked = [needs_approval(Consent(step_up_above=10_00), weight) for weight in (9_99, 10_00, 10_01)]
    assert asked == [False, False, True]
    assert not needs_approval(Consent(step_up_above=None), 10**15)


def test_what_another_site_takes_or_holds_is_not_counted(
    hub_there: Hub, access_there: Access, sandbox: Sandbox
) -> None:
    """Each site has its own limits."""
    other = make_partner(hub_there.engine, name="Other")
    theirs = make_access(hub_there, sandbox, "carol@example.com", other.client_id)
    fill_wallet(hub_there.engine, theirs.user_id, 20_00)
    allow(hub_there, theirs, None)
    charge(hub_there, theirs, make_wish(amount=5_00))
    place(hub_there, theirs, make_reservation(amount=3))

    assert spent(hub_there, theirs) == 5_00 + 3 * CNY_WEIGHS
    assert spent(hub_there, access_there) == 0


def test_what_was_declined_is_not_counted(hub_there: Hub, access_there: Access) -> None:
    """Nothing was taken, so nothing is missing for the next charge."""
    allow(hub_there, access_there, None)
    with pytest.raises(InsufficientFundsError):
        charge(hub_there, access_there, make_wish(amount=10**13))

    assert spent(hub_there, access_there) == 0


def test_a_month_begins_with_its_first_instant(hub_there: Hub, access_there: Access) -> None:
    """In UTC, whatever the day of today."""
    charge(hub_there, access_there, make_wish(amount=10_00))
    today = clock.now()
    first = datetime(today.year, today.month, 1, tzinfo=UTC)

    date_charges(hub_there, first)
    assert spent(hub_there, access_there) == 10_00
    date_charges(hub_there, first - timedelta(microseconds=1))
    assert spent(hub_there, access_there) == 0
