"""Fees by version: what counted when, and one partner's only."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import FeeVersion, Partner
from oauth_app.services.fees import InvalidFeeError, current_fee, list_fees, set_fee
from oauth_app.services.partner_errors import UnknownPartnerError
from oauth_app.services.partners import get_partner, registration_of, update_partner
from tests.fixtures.hub import make_partner


@pytest.fixture
def shop_id(hub_there: Hub) -> str:
    """Register a shop that pays 2.5 %, as shops were before fees had versions."""
    return make_partner(hub_there.engine, fee_basis_points=250).client_id


def test_the_first_version_is_what_was_registered(hub_there: Hub, shop_id: str) -> None:
    """A partner of old gets its first version when it is first needed; twenty at once make one."""

    def look(_number: int) -> tuple[str, int]:
        with transaction(hub_there.engine) as session:
            fee = current_fee(session, shop_id)
            return fee.id, fee.basis_points

    with ThreadPoolExecutor(20) as pool:
        found = set(pool.map(look, range(20)))
    assert {basis_points for _, basis_points in found} == {250}
    with reading(hub_there.engine) as session:
        assert session.scalar(select(func.count()).select_from(FeeVersion)) == len(found) == 1


def test_a_new_fee_is_a_new_version(hub_there: Hub, shop_id: str) -> None:
    """The old one stays as it was, and the partner shows the new one."""
    with transaction(hub_there.engine) as session:
        set_fee(session, shop_id, 300, set_by="operator@example.com")

    with reading(hub_there.engine) as session:
        assert current_fee(session, shop_id).set_by == "operator@example.com"
        assert session.get_one(Partner, shop_id).fee_basis_points == 300
        assert list(session.scalars(select(FeeVersion.basis_points).order_by(FeeVersion.valid_from))) == [250, 300]


@pytest.mark.parametrize("basis_points", [-1, 10_001])
def test_a_fee_is_a_share(hub_there: Hub, shop_id: str, basis_points: int) -> None:
    """Less than nothing and more than the whole are refused."""
    with pytest.raises(InvalidFeeError), transaction(hub_there.engine) as session:
        set_fee(session, shop_id, basis_points, set_by="operator@example.com")


def test_a_fee_belongs_to_a_partner(hub_there: Hub) -> None:
    """Nobody has no fee."""
    with pytest.raises(UnknownPartnerError), reading(hub_there.engine) as session:
        current_fee(session, "ptn_0")


def test_a_fee_that_counts_already_is_no_new_version(hub_there: Hub, shop_id: str) -> None:
    """Saving the form once more leaves the history as it is, for the first version, too."""
    with transaction(hub_there.engine) as session:
        for basis_points in (250, 300, 300):
            set_fee(session, shop_id, basis_points, set_by="operator@example.com")
    assert history(hub_there, shop_id) == [(300, "operator@example.com"), (250, "registration")]


def test_before_the_first_charge_the_history_is_what_was_registered(hub_there: Hub, shop_id: str) -> None:
    """Looking at it writes nothing."""
    assert history(hub_there, shop_id) == [(250, "registration")]
    with reading(hub_there.engine) as session:
        assert session.scalar(select(func.count()).select_from(FeeVersion)) == 0


def test_a_registration_anew_leaves_the_fee_alone(hub_there: Hub, shop_id: str) -> None:
    """What is charged and what the row shows never differ, whatever else was changed meanwhile."""
    with transaction(hub_there.engine) as session:
        before = registration_of(get_partner(session, shop_id))
        set_fee(session, shop_id, 300, set_by="operator@example.com")
        update_partner(session, shop_id, replace(before, name="Store"))
    with reading(hub_there.engine) as session:
        shop = get_partner(session, shop_id)
        assert (shop.name, shop.fee_basis_points, current_fee(session, shop_id).basis_points) == ("Store", 300, 300)


def history(hub: Hub, partner_id: str) -> list[tuple[int, str]]:
    """Return each version's fee and who set it, the present one first."""
    with reading(hub.engine) as session:
        return [(version.basis_points, version.set_by) for version in list_fees(session, partner_id)]
