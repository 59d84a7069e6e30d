"""What many do at once, on each database."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from werkzeug.test import TestResponse

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent, TokenRow
from oauth_app.provider.signing import make_private_key
from oauth_app.provider.used_proofs import use_up
from oauth_app.services.consent import Agreement, agree, find_consent, revoke_consent
from oauth_app.services.device_sign_in import CodeProblem, find_waiting_device
from oauth_app.services.signing_keys import load_signing_keys, replace_signing_key
from tests.fixtures.hub import Person, make_test_hub
from tests.provider.browser import Browser
from tests.provider.device import Device
from tests.provider.partner import PartnerSite
from tests.provider.prover import USERINFO, Prover

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


#: As the wish for a proof has it.
MANY = 50


def outcomes(answers: list[TestResponse]) -> Counter[str]:
    """Count the answers by their error, or ``tokens``."""
    return Counter(answer.get_json().get("error", "tokens") for answer in answers)


def test_of_fifty_uses_of_a_code_one_succeeds(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """One gets tokens, and the others see to it that they are void (RFC 6749 4.1.2)."""
    code = site.code(browser)

    answers = at_once(MANY, lambda _: site.exchange(code))
    assert outcomes(answers) == {"tokens": 1, "invalid_grant": MANY - 1}
    assert living_tokens(hub) == 0


def test_of_fifty_uses_of_a_refresh_token_one_succeeds(browser: Browser, site: PartnerSite) -> None:
    """One gets the next pair, which stays good: the others were sent at the same moment, and are no theft."""
    first = site.tokens(browser)

    answers = at_once(MANY, lambda _: site.refresh(first["refresh_token"]))
    assert outcomes(answers) == {"tokens": 1, "invalid_grant": MANY - 1}
    [second] = [answer.get_json() for answer in answers if answer.status_code == 200]
    assert site.userinfo(second["access_token"]).status_code == 200
    assert site.refresh(second["refresh_token"]).status_code == 200


def test_of_fifty_repeats_of_a_lost_answer_one_succeeds(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """Who repeats in a hurry gets one more answer, which takes the place of the first."""
    first = site.tokens(browser)
    site.refresh(first["refresh_token"])

    with clock.moved(timedelta(seconds=3)):
        answers = at_once(MANY, lambda _: site.refresh(first["refresh_token"]))
    assert outcomes(answers) == {"tokens": 1, "invalid_grant": MANY - 1}
    # The first access token and the used refresh token are untouched; beside them there is one new pair.
    assert living_tokens(hub) == 2 + 2


def test_of_fifty_questions_of_a_device_one_is_answered(hub: Hub, browser: Browser, device: Device) -> None:
    """An approved device code gives one pair, however often it is asked for at once."""
    codes = device.start()
    device.agree(browser, codes)

    answers = at_once(MANY, lambda _: device.poll(codes))
    assert outcomes(answers) == {"tokens": 1, "invalid_grant": MANY - 1}
    assert living_tokens(hub) == 2


def test_of_fifty_uses_of_a_proof_one_counts(app: Flask, browser: Browser, site: PartnerSite) -> None:
    """A DPoP proof that was seen passing by opens nothing, not even beside its first use."""
    prover = Prover(app)
    prover.learn_nonce()
    token = prover.ask_token(site.good_exchange(site.code(browser))).get_json()["access_token"]
    proof = prover.proof("GET", USERINFO, token=token)

    answers = at_once(MANY, lambda _: prover.userinfo(token, proof=proof).status_code)
    assert Counter(answers) == {200: 1, 401: MANY - 1}


def test_of_fifty_uses_of_a_name_one_is_the_first(hub: Hub) -> None:
    """The rule under proofs and client assertions alike: the row is unique, and its insertion decides."""

    def use(_: int) -> bool:
        with transaction(hub.engine) as session:
            return use_up(session, "assertion ptn_1 jti_1", until=clock.now() + timedelta(minutes=5))

    assert Counter(at_once(MANY, use)) == {True: 1, False: MANY - 1}


def test_of_fifty_guesses_at_once_ten_are_looked_at(hub: Hub, alice: Person) -> None:
    """Who guesses codes of devices from many tabs at once is counted like anybody else."""

    def guess(_: int) -> CodeProblem:
        with transaction(hub.engine) as session:
            found = find_waiting_device(session, alice.user_id, "BBBB-BBBB")
        assert isinstance(found, CodeProblem)
        return found

    assert Counter(at_once(MANY, guess)) == {CodeProblem.UNKNOWN: 10, CodeProblem.TOO_MANY: MANY - 10}


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
        first = make_private_key()
        replace_signing_key(session, hub.vault, first)
        session.flush()  # written, and not yet to be seen by others
        second = pool.submit(load_signing_keys, hub)
        time.sleep(0.5)  # by now it has looked, found nothing, and waits
        session.commit()
        published = second.result().public_jwks()["keys"]

    assert [key["kid"] for key in published] == [first.key_id]


def disconnect(hub: Hub, alice: Person, site: PartnerSite) -> None:
    """Take the consent back."""
    with transaction(hub.engine) as session:
        consent = find_consent(session, alice.user_id, site.id)
        assert consent is not None
        revoke_consent(session, consent.id)
