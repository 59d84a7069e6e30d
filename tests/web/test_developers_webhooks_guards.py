"""Webhooks in the console are those of one's own site: nobody sees, changes or takes what is another's."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from oauth_app import clock
from tests.fixtures.hub import make_partner
from tests.fixtures.live import LiveHub
from tests.services.webhooks import happen, make_endpoint
from tests.web.console import Developer, Site
from tests.web.endpoints import NOBODY, deliveries, endpoints, press

PAGES = ["webhooks", "webhooks/{endpoint}", "events"]
CHANGES = [
    "webhooks",
    "webhooks/{endpoint}/rotate",
    "webhooks/{endpoint}/events",
    "webhooks/{endpoint}/disable",
    "webhooks/{endpoint}/test",
    "webhooks/{endpoint}/delete",
    "webhooks/{endpoint}/deliveries/{delivery}/resend",
    "events/{event}/resend",
]


@dataclass(frozen=True)
class Row:
    """One endpoint of a site, with an event that was sent to it."""

    endpoint: str
    delivery: str
    event: str


@pytest.fixture
def row(module_hub: LiveHub, own: Site) -> Row:
    """Register an endpoint of Alice's, and let it be told of something."""
    endpoint_id = make_endpoint(module_hub.hub, own.id, NOBODY).endpoint.id
    event_id = happen(module_hub.hub, own.id)
    return Row(endpoint=endpoint_id, delivery=deliveries(module_hub, endpoint_id)[0].id, event=event_id)


@pytest.mark.parametrize("page", PAGES)
def test_the_webhooks_of_another_are_not_there(bob_at_work: Developer, own: Site, row: Row, page: str) -> None:
    """Nobody sees what another's server is told: not under that site, nor the rows under a site of one's own."""
    path = page.format(**vars(row))
    assert bob_at_work.browser.get(f"{own.path}/{path}").status_code == 404
    mine = bob_at_work.browser.get(f"{bobs(bob_at_work).path}/{path}")
    assert mine.status_code == (404 if row.endpoint in path else 200)
    assert row.event not in mine.text


@pytest.mark.parametrize("change", CHANGES)
def test_nobody_changes_the_webhooks_of_another(
    bob_at_work: Developer, module_hub: LiveHub, own: Site, row: Row, change: str
) -> None:
    """Every change is refused as if there were nothing, by the site's address and by an own site's."""
    path = change.format(**vars(row))
    for site in (own, *([bobs(bob_at_work)] if "/" in change else [])):
        answer = bob_at_work.send("/developers/sites/new", to=f"{site.path}/{path}", url=NOBODY)
        assert answer.status_code == 404
    [endpoint] = endpoints(module_hub, own)
    assert (endpoint.disabled_at, endpoint.event_types, endpoint.sealed_previous_secret) == (None, [], None)
    assert len(deliveries(module_hub, row.endpoint)) == 1


def test_anothers_delivery_is_not_sent_to_an_own_endpoint(
    bob_at_work: Developer, module_hub: LiveHub, row: Row
) -> None:
    """An endpoint is sent what it was sent before, and nothing else."""
    mine = bobs(bob_at_work)
    endpoint_id = make_endpoint(module_hub.hub, mine.id, NOBODY).endpoint.id
    assert press(bob_at_work, mine, endpoint_id, f"deliveries/{row.delivery}/resend").status_code == 404
    assert deliveries(module_hub, endpoint_id) == []


@pytest.mark.parametrize("change", CHANGES)
def test_another_page_presses_no_button(alice_at_work: Developer, own: Site, row: Row, change: str) -> None:
    """Without the token of our own page nothing happens."""
    url = f"{alice_at_work.browser.url}{own.path}/{change.format(**vars(row))}"
    assert alice_at_work.browser.http.post(url, data={"url": NOBODY}, timeout=10).status_code == 400


@pytest.mark.parametrize("change", ["webhooks", "webhooks/{endpoint}/rotate"])
def test_secrets_need_a_recent_sign_in(
    alice_at_work: Developer, module_hub: LiveHub, own: Site, row: Row, change: str
) -> None:
    """A browser that somebody left open an hour ago gives no secret away."""
    with clock.moved(timedelta(minutes=16)):
        path = f"{own.path}/{change.format(**vars(row))}"
        answer = alice_at_work.send(f"{own.path}/webhooks", to=path, url=NOBODY)
    assert answer.headers["Location"].startswith("/login?")
    assert [one.sealed_previous_secret for one in endpoints(module_hub, own)] == [None]


@pytest.mark.parametrize("query", ["before=%00", "before=dlv_zzz", "before=" + "x" * 3000, "type=%00&object=%00"])
def test_a_strange_page_mark_is_harmless(alice_at_work: Developer, own: Site, row: Row, query: str) -> None:
    """Whatever stands after the question mark gives a page; a strange id gives one that says so."""
    for path in ("events", f"webhooks/{row.endpoint}"):
        assert alice_at_work.browser.get(f"{own.path}/{path}?{query}").status_code == 200
    assert alice_at_work.browser.get(f"{own.path}/webhooks/%00").status_code == 404


def bobs(bob_at_work: Developer) -> Site:
    """Return a site of Bob's."""
    made = make_partner(bob_at_work.live.hub.engine, owner_id=bob_at_work.user_id)
    return Site(id=made.client_id, secret=None, path=f"/developers/sites/{made.client_id}")
