"""How many AI calls a minute the user allows a site: counted, and kept to."""

import itertools
from datetime import timedelta

import pytest

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.models import Consent
from oauth_app.relay.errors import TooManyCallsError
from oauth_app.relay.pace import Most, Pace
from tests.relay.conftest import Relayed


def make_limits(subject: str = "consent:con_1", *, a_minute: int | None = 2) -> list[Most]:
    """Return a limit of so many calls a minute."""
    return [Most(subject, a_minute=a_minute)]


def allow(relayed: Relayed, calls: int) -> None:
    """Let the user allow so many calls a minute."""
    with transaction(relayed.hub.engine) as session:
        consent = session.query(Consent).one()
        consent.calls_per_minute = calls
    relayed.hub.callers.forget_consent(consent.id)


def test_one_call_too_many_is_refused() -> None:
    """The third call of a minute is not admitted when two are allowed."""
    pace = Pace()
    for _ in range(2):
        pace.admit(make_limits())
    with pytest.raises(TooManyCallsError) as refusal:
        pace.admit(make_limits())
    assert 58 <= refusal.value.retry_after_s <= 60


def test_the_minute_slides() -> None:
    """A place is free when the call that took it is a minute old, not when the clock strikes."""
    pace = Pace()
    pace.admit(make_limits())
    with clock.moved(timedelta(seconds=40)):
        pace.admit(make_limits())
        with pytest.raises(TooManyCallsError) as refusal:
            pace.admit(make_limits())
    assert 18 <= refusal.value.retry_after_s <= 20
    with clock.moved(timedelta(seconds=61)):
        pace.admit(make_limits())
        with pytest.raises(TooManyCallsError):
            pace.admit(make_limits())


def test_refused_calls_do_not_count() -> None:
    """Who asks again too early does not wait longer for it."""
    pace = Pace()
    for _ in range(2):
        pace.admit(make_limits())
    with clock.moved(timedelta(seconds=59)), pytest.raises(TooManyCallsError):
        pace.admit(make_limits())
    with clock.moved(timedelta(seconds=61)):
        pace.admit(make_limits())


def test_each_consent_has_its_own_pace() -> None:
    """A busy site takes no call from another, and nobody without a limit is counted."""
    pace = Pace()
    for consent_id, _ in itertools.product(["con_1", "con_2"], range(2)):
        pace.admit(make_limits(consent_id))
    for _ in range(100):
        pace.admit(make_limits("con_3", a_minute=None))


def test_a_lowered_limit_counts_at_once() -> None:
    """Calls that were made before count against the new limit; the wait is until it is kept again."""
    pace = Pace()
    for second in range(5):
        with clock.moved(timedelta(seconds=second)):
            pace.admit(make_limits(a_minute=5))
    with clock.moved(timedelta(seconds=5)), pytest.raises(TooManyCallsError) as refusal:
        pace.admit(make_limits(a_minute=1))
    assert 58 <= refusal.value.retry_after_s <= 59


def test_those_who_left_are_forgotten() -> None:
    """Memory does not fill with consents that have not called for a minute."""
    pace = Pace(capacity=2)
    for number in range(2):
        pace.admit(make_limits(f"con_{number}"))
    with clock.moved(timedelta(seconds=61)):
        pace.admit(make_limits("con_9"))
    assert list(pace._calls) == ["con_9"]  # noqa: SLF001 - what is kept is the point


def test_so_many_at_once_and_no_more() -> None:
    """A call that has ended makes room for the next, and only then."""
    pace, limits = Pace(), [Most("consent:con_1", at_once=2)]
    pace.admit(limits)
    pace.admit(limits)
    with pytest.raises(TooManyCallsError):
        pace.admit(limits)
    pace.leave(limits)
    pace.admit(limits)


def test_a_refusal_by_one_limit_counts_against_no_other() -> None:
    """The user's limit is not used up by calls that the site's limit refuses."""
    pace = Pace()
    user, site = Most("consent:con_1", a_minute=2, at_once=2), Most("site:ptn_1", a_minute=1)
    pace.admit([user, site])
    with pytest.raises(TooManyCallsError):
        pace.admit([user, site])
    standing = pace.admit([user])
    assert standing is not None
    assert (standing.limit, standing.remaining) == (2, 0)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/v1/chat/completions", ("error", "code")),
        ("/v1/messages", ("error", "type")),
        ("/api/v1/model/list", ("errorType",)),
    ],
)
def test_the_relay_keeps_to_it(relayed: Relayed, path: str, place: tuple[str, ...]) -> None:
    """Over the limit each dialect hears 429 in its own words, with the seconds to wait, and OhMyGPT hears nothing."""
    allow(relayed, 1)
    relayed.chat()
    answer = relayed.call(path, json={"model": "gpt-4o-mini", "messages": []})
    body = answer.json()
    for key in place:
        body = body[key]

    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "rate_limit" in body


def test_a_refused_call_leaves_its_record(relayed: Relayed) -> None:
    """The user sees that a site wanted more than it may."""
    allow(relayed, 1)
    for _ in range(2):
        relayed.chat()

    assert [record.status for record in relayed.usage(2)] == [200, 429]
