"""Refresh tokens: exchanged once, and what happens when one comes twice."""

from datetime import timedelta

import pytest

from oauth_app import clock
from tests.provider.browser import Browser
from tests.provider.partner import PartnerSite

#: Within the overlap, and not at the same moment.
LATER = timedelta(seconds=3)


@pytest.fixture
def first(browser: Browser, site: PartnerSite) -> dict[str, str]:
    """Sign in, and return the tokens."""
    return site.tokens(browser)


def test_each_exchange_gives_a_new_pair(site: PartnerSite, first: dict[str, str]) -> None:
    """A refresh token is replaced by its use."""
    second = site.refresh(first["refresh_token"]).get_json()

    assert second["refresh_token"] != first["refresh_token"]
    assert site.userinfo(second["access_token"]).status_code == 200


def test_a_late_reuse_revokes_the_family(site: PartnerSite, first: dict[str, str]) -> None:
    """RFC 9700 4.14.2: one of two holders is a thief, so both lose, the newest tokens included."""
    second = site.refresh(first["refresh_token"]).get_json()

    with clock.moved(timedelta(seconds=11)):
        assert site.refresh(first["refresh_token"]).get_json()["error"] == "invalid_grant"
        assert site.refresh(second["refresh_token"]).get_json()["error"] == "invalid_grant"
        assert site.userinfo(second["access_token"]).status_code == 401


def test_a_lost_answer_is_repeated(site: PartnerSite, first: dict[str, str]) -> None:
    """A moment later the same token is exchanged again, and the client goes on with the new pair."""
    site.refresh(first["refresh_token"])

    with clock.moved(LATER):
        again = site.refresh(first["refresh_token"]).get_json()
        assert site.userinfo(again["access_token"]).status_code == 200
        assert site.refresh(again["refresh_token"]).status_code == 200


def test_a_repeat_at_once_ends_nothing(site: PartnerSite, first: dict[str, str]) -> None:
    """Of two uses at one moment, one gets an answer; the other is refused, and is no theft."""
    second = site.refresh(first["refresh_token"]).get_json()

    assert site.refresh(first["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert site.userinfo(second["access_token"]).status_code == 200
    assert site.refresh(second["refresh_token"]).status_code == 200


def test_a_repeat_takes_the_place_of_the_lost_answer(site: PartnerSite, first: dict[str, str]) -> None:
    """What was given before ends, so that a thief who was quicker has nothing, and is noticed when he comes."""
    lost = site.refresh(first["refresh_token"]).get_json()

    with clock.moved(LATER):
        again = site.refresh(first["refresh_token"]).get_json()
        assert site.userinfo(lost["access_token"]).status_code == 401
        assert site.refresh(lost["refresh_token"]).get_json()["error"] == "invalid_grant"
        assert site.userinfo(again["access_token"]).status_code == 401


def test_a_repeat_after_the_next_one_was_used_revokes_the_family(site: PartnerSite, first: dict[str, str]) -> None:
    """The answer was not lost, for somebody has gone on with it: within the overlap, too, this is a theft."""
    second = site.refresh(first["refresh_token"]).get_json()
    third = site.refresh(second["refresh_token"]).get_json()

    with clock.moved(LATER):
        assert site.refresh(first["refresh_token"]).get_json()["error"] == "invalid_grant"
        assert site.userinfo(third["access_token"]).status_code == 401


def test_repeating_does_not_stretch_the_overlap(site: PartnerSite, first: dict[str, str]) -> None:
    """Only the first use counts; who repeats it again and again gains no time."""
    site.refresh(first["refresh_token"])
    with clock.moved(timedelta(seconds=9)):
        assert site.refresh(first["refresh_token"]).status_code == 200

    with clock.moved(timedelta(seconds=12)):
        assert site.refresh(first["refresh_token"]).status_code == 400


def test_a_family_ends_ninety_days_after_the_sign_in(site: PartnerSite, first: dict[str, str]) -> None:
    """However often it was refreshed, the user signs in again after that."""
    with clock.moved(timedelta(days=89)):
        later = site.refresh(first["refresh_token"]).get_json()
    with clock.moved(timedelta(days=90, seconds=1)):
        assert site.refresh(later["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_a_refresh_can_ask_for_less(site: PartnerSite, first: dict[str, str]) -> None:
    """RFC 6749 6: this access token can do less; the next one can do all again."""
    less = site.refresh(first["refresh_token"], scope="openid").get_json()

    assert less["scope"] == "openid"
    assert site.refresh(less["refresh_token"]).get_json()["scope"] == first["scope"]


def test_a_refresh_cannot_ask_for_more(site: PartnerSite, first: dict[str, str]) -> None:
    """What the user did not allow does not come by the back door; and the token is not used up by trying."""
    assert site.refresh(first["refresh_token"], scope="openid api").get_json()["error"] == "invalid_scope"

    with clock.moved(timedelta(seconds=11)):
        assert site.refresh(first["refresh_token"]).status_code == 200


def test_a_refresh_token_is_bound_to_its_client(
    site: PartnerSite, other_site: PartnerSite, first: dict[str, str]
) -> None:
    """Another partner gets nothing, and spoils nothing."""
    assert other_site.refresh(first["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert site.refresh(first["refresh_token"]).status_code == 200


def test_another_partner_cannot_revoke_by_reuse(
    site: PartnerSite, other_site: PartnerSite, first: dict[str, str]
) -> None:
    """A used token in the wrong hands is refused, and signs nobody out."""
    second = site.refresh(first["refresh_token"]).get_json()

    with clock.moved(timedelta(seconds=11)):
        assert other_site.refresh(first["refresh_token"]).status_code == 400
        assert site.userinfo(second["access_token"]).status_code == 200


def test_an_access_token_does_not_refresh(site: PartnerSite, first: dict[str, str]) -> None:
    """Each kind of token is good for its own use."""
    assert site.refresh(first["access_token"]).get_json()["error"] == "invalid_grant"


def test_a_public_client_rotates_too(browser: Browser, public_site: PartnerSite) -> None:
    """RFC 9700 2.2.2: where no secret binds the token, rotation is what shows a theft."""
    first = public_site.tokens(browser)
    public_site.refresh(first["refresh_token"])

    with clock.moved(timedelta(seconds=11)):
        assert public_site.refresh(first["refresh_token"]).get_json()["error"] == "invalid_grant"
