"""What many do at once, on each database."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Engine, func, select
from werkzeug.test import TestResponse

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent, TokenRow
from oauth_app.services.consent import Agreement, agree, find_consent, revoke_consent
from oauth_app.services.signing_keys import load_signing_keys, rotate_signing_key
from tests.fixtures.hub import Person, make_test_hub
from tests.provider.browser import Browser
from tests.provider.partner import PartnerSite

T = TypeVar("T")


@pytest.fixture
def hub(tmp_path: Path, engine: Engine) -> Iterator[Hub]:
    """Make a hub on each of the databases in turn."""
    hub = make_test_hub(tmp_path)
    yield replace(hub, engine=engine)
    hub.close()


def at_once(times: int, act: Callable[[int], T]) -> list[T]:
    """Do it so many times at once."""
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(act, range(times)))


def living_tokens(hub: Hub) -> int:
    """Count the tokens that are not revoked."""
    with reading(hub.engine) as session:
        return session.scalar(select(func.count()).where(TokenRow.revoked_at.is_(None))) or 0


def test_of_twenty_uses_of_a_code_one_succeeds(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """One gets tokens, and the others see to it that they are void."""
    code = site.code(browser)

    answers = at_once(20, lambda _: site.exchange(code).status_code)
    assert sorted(answers) == [200] + [400] * 19
    assert living_tokens(hub) == 0


def test_all_tabs_get_on_with_one_refresh_token(browser: Browser, site: PartnerSite) -> None:
    """Ten tabs that refresh at once are no theft: each gets a pair of its own."""
    token = site.tokens(browser)["refresh_token"]

    answers = at_once(10, lambda _: site.refresh(token))
    assert [answer.status_code for answer in answers] == [200] * 10
    assert len({answer.get_json()["refresh_token"] for answer in answers}) == 10


def test_no_token_slips_past_a_disconnect(hub: Hub, browser: Browser, site: PartnerSite, alice: Person) -> None:
    """Refreshes under way while the user disconnects leave nothing alive."""
    token = site.tokens(browser)["refresh_token"]

    def refresh_or_disconnect(turn: int) -> TestResponse | None:
        return disconnect(hub, alice, site) if turn == 5 else site.refresh(token)

    at_once(12, refresh_or_disconnect)
    assert living_tokens(hub) == 0


def test_no_token_slips_past_a_revocation(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """Refreshes under way while the partner gives its token back leave nothing alive."""
    token = site.tokens(browser)["refresh_token"]

    at_once(12, lambda turn: site.revoke(token) if turn == 5 else site.refresh(token))
    assert living_tokens(hub) == 0


def test_many_first_agreements_make_one_consent(hub: Hub, site: PartnerSite, alice: Person) -> None:
    """Tabs that agree at once share one subject, and none loses what another added."""
    scopes = ["openid", "email", "profile", "api", "balance:read"] * 2

    def agree_to_one(turn: int) -> str:
        with transaction(hub.engine) as session:
            return agree(session, Agreement(user_id=alice.user_id, partner_id=site.id, scopes=[scopes[turn]])).subject

    assert len(set(at_once(10, agree_to_one))) == 1
    with reading(hub.engine) as session:
        assert set(session.scalars(select(Consent)).one().scopes) == set(scopes)


def test_a_first_request_waits_for_the_first_key(hub: Hub) -> None:
    """Processes that start together agree on one signing key: the second waits for the first one's."""
    with ThreadPoolExecutor(1) as pool, transaction(hub.engine) as session:
        key_id = rotate_signing_key(session, hub.vault)
        session.flush()  # written, and not yet to be seen by others
        second = pool.submit(load_signing_keys, hub)
        time.sleep(0.5)  # by now it has looked, found nothing, and waits
        session.commit()
        published = second.result().public_jwks()["keys"]

    assert [key["kid"] for key in published] == [key_id]


def disconnect(hub: Hub, alice: Person, site: PartnerSite) -> None:
    """Take the consent back."""
    with transaction(hub.engine) as session:
        consent = find_consent(session, alice.user_id, site.id)
        assert consent is not None
        revoke_consent(session, consent.id)
