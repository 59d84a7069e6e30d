"""Consent in the database: given, added to, taken back."""

import pytest
from sqlalchemy import update

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent
from oauth_app.services.consent import (
    Agreement,
    InvalidLimitsError,
    Limits,
    find_consent,
    needs_consent,
    revoke_consent,
)
from tests.fixtures.hub import Person
from tests.provider.browser import Browser
from tests.provider.partner import PartnerSite


def disconnect(hub: Hub, alice: Person, site: PartnerSite) -> None:
    """Take the consent back."""
    with transaction(hub.engine) as session:
        consent = find_consent(session, alice.user_id, site.id)
        assert consent is not None
        revoke_consent(session, consent.id)


def test_a_disconnect_ends_every_token(hub: Hub, browser: Browser, site: PartnerSite, alice: Person) -> None:
    """Access and refresh tokens are void at once."""
    tokens = site.tokens(browser)
    disconnect(hub, alice, site)

    assert site.userinfo(tokens["access_token"]).status_code == 401
    assert site.refresh(tokens["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_a_disconnect_ends_codes_under_way(hub: Hub, browser: Browser, site: PartnerSite, alice: Person) -> None:
    """A code made before does not bring the partner back; not even when the user agrees anew."""
    code = site.code(browser)
    disconnect(hub, alice, site)
    site.tokens(browser)

    assert site.exchange(code).get_json()["error"] == "invalid_grant"


def test_a_code_is_void_without_its_consent(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """Even a code that a disconnect has overlooked, for it was made at the same moment, gives nothing."""
    code = site.code(browser)
    with transaction(hub.engine) as session:
        session.execute(update(Consent).values(revoked_at=clock.now()))

    assert site.exchange(code).get_json()["error"] == "invalid_grant"


def test_old_tokens_stay_dead_after_a_new_consent(hub: Hub, browser: Browser, site: PartnerSite, alice: Person) -> None:
    """Connecting again makes new tokens, and wakes no old ones."""
    old = site.tokens(browser)
    disconnect(hub, alice, site)
    site.tokens(browser)

    assert site.userinfo(old["access_token"]).status_code == 401
    assert site.refresh(old["refresh_token"]).status_code == 400


def test_the_subject_outlives_a_disconnect(hub: Hub, browser: Browser, site: PartnerSite, alice: Person) -> None:
    """A partner knows its user again, even after months."""
    before = site.userinfo(site.tokens(browser)["access_token"]).get_json()["sub"]
    disconnect(hub, alice, site)

    assert site.userinfo(site.tokens(browser)["access_token"]).get_json()["sub"] == before


def test_a_disconnect_forgets_what_was_allowed(hub: Hub, browser: Browser, site: PartnerSite, alice: Person) -> None:
    """The next consent begins anew, with what it names."""
    site.tokens(browser, scope="openid api")
    disconnect(hub, alice, site)
    site.tokens(browser, scope="openid")

    with reading(hub.engine) as session:
        consent = find_consent(session, alice.user_id, site.id)
    assert needs_consent(consent, ["api"])


@pytest.mark.parametrize(("per_charge", "per_month"), [(0, 1), (-1, 1), (2, 1)])
def test_limits_must_make_sense(per_charge: int, per_month: int) -> None:
    """Above zero, and a month not below a charge."""
    with pytest.raises(InvalidLimitsError):
        Limits(per_charge=per_charge, per_month=per_month)


def test_nobody_allows_charges_without_limits(alice: Person, site: PartnerSite) -> None:
    """An agreement that forgets the limits is none."""
    with pytest.raises(InvalidLimitsError):
        Agreement(user_id=alice.user_id, partner_id=site.id, scopes=["charges:write"])
