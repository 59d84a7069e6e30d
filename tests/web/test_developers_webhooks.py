"""Webhooks in the console: endpoints, their secrets, what became of each delivery, and only of one's own site."""

import time
from collections.abc import Callable
from re import findall

import pytest
import requests

from oauth_app.identifiers import TokenKind, is_well_formed
from oauth_app.services.events import EventType
from oauth_app.services.webhook_endpoints import MAX_ENDPOINTS
from oauth_app.services.webhook_secrets import open_secrets
from oauth_app.web.developers.webhooks import PAGE_ROWS
from tests.fixtures.live import LiveHub
from tests.fixtures.webhook_receiver import WebhookReceiver
from tests.services.webhooks import happen, make_endpoint
from tests.web.console import Developer, Site, value_of
from tests.web.endpoints import NOBODY, deliveries, endpoints, press

_PATIENCE_S = 15


def create(developer: Developer, site: Site, url: str, *event_types: str) -> requests.Response:
    """Fill in the form of a new endpoint, and send it."""
    return developer.send(f"{site.path}/webhooks", url=url, event_types=list(event_types))


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for the worker."""
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def test_a_new_endpoint_shows_its_secret_once(alice_at_work: Developer, module_hub: LiveHub, own: Site) -> None:
    """The page that answers the form has it, and no other page ever."""
    page = create(alice_at_work, own, NOBODY, "charge.succeeded", "charge.refunded")
    secret = value_of(page.text, "webhook_secret")
    [endpoint] = endpoints(module_hub, own)

    assert page.status_code == 201
    assert is_well_formed(secret, TokenKind.WEBHOOK_SECRET)
    assert open_secrets(module_hub.hub.vault, endpoint) == [secret]
    assert (endpoint.url, endpoint.event_types) == (NOBODY, ["charge.succeeded", "charge.refunded"])
    for path in ("webhooks", f"webhooks/{endpoint.id}"):
        assert secret not in alice_at_work.browser.get(f"{own.path}/{path}").text


def test_a_new_secret_overlaps_with_the_old_one(alice_at_work: Developer, module_hub: LiveHub, own: Site) -> None:
    """The button shows the new one, and both sign."""
    first = value_of(create(alice_at_work, own, NOBODY).text, "webhook_secret")
    [endpoint] = endpoints(module_hub, own)
    page = press(alice_at_work, own, endpoint.id, "rotate")
    second = value_of(page.text, "webhook_secret")

    assert page.status_code == 201
    assert open_secrets(module_hub.hub.vault, endpoints(module_hub, own)[0]) == [second, first]


@pytest.mark.parametrize("url", ["", "http://shop.example/", "https://192.168.0.1/", "file:///etc/passwd", "x" * 3000])
def test_a_wrong_address_is_explained(alice_at_work: Developer, module_hub: LiveHub, own: Site, url: str) -> None:
    """The form comes back with what was written, and nothing is registered."""
    page = create(alice_at_work, own, url, "charge.failed")

    assert page.status_code == 422
    assert "lead to a public address" in page.text
    assert 'value="charge.failed" checked' in page.text
    assert endpoints(module_hub, own) == []


def test_there_are_only_so_many(alice_at_work: Developer, module_hub: LiveHub, own: Site) -> None:
    """The seventeenth is refused, and the page says how many there may be."""
    for _ in range(MAX_ENDPOINTS - 1):
        make_endpoint(module_hub.hub, own.id, NOBODY)
    form = alice_at_work.browser.get(f"{own.path}/webhooks")
    make_endpoint(module_hub.hub, own.id, NOBODY)
    answer = alice_at_work.browser.submit(form, "url", url=NOBODY)  # the page was left open

    assert answer.status_code == 409
    assert f"{MAX_ENDPOINTS} endpoints" in answer.text
    assert len(endpoints(module_hub, own)) == MAX_ENDPOINTS


def test_the_log_says_what_became_of_a_delivery(
    alice_at_work: Developer, module_hub: LiveHub, own: Site, webhook_receiver: WebhookReceiver
) -> None:
    """Refused, it waits with the answer and the next attempt; taken, it is done; sent again, it is sent again."""
    endpoint_id = make_endpoint(module_hub.hub, own.id, webhook_receiver.url).endpoint.id
    webhook_receiver.status = 500
    event_id = happen(module_hub.hub, own.id, EventType.CHARGE_SUCCEEDED, "ch_lost")
    wait_until(lambda: deliveries(module_hub, endpoint_id)[0].last_status == 500)
    page = alice_at_work.browser.get(f"{own.path}/webhooks/{endpoint_id}").text
    for words in ("waiting", "ch_lost", event_id, "answered 500", "charge.succeeded"):
        assert words in page

    webhook_receiver.status = 200
    [first] = deliveries(module_hub, endpoint_id)
    assert press(alice_at_work, own, endpoint_id, f"deliveries/{first.id}/resend").status_code == 302
    wait_until(lambda: deliveries(module_hub, endpoint_id)[-1].was_taken)
    assert webhook_receiver.got[-1].headers["webhook-id"] == event_id
    assert ">taken</span>" in alice_at_work.browser.get(f"{own.path}/webhooks/{endpoint_id}").text


def test_a_test_event_is_sent_once_more_although_nobody_asks_for_it(
    alice_at_work: Developer, module_hub: LiveHub, own: Site, webhook_receiver: WebhookReceiver
) -> None:
    """The button sends a ping, also to an endpoint that named types, and the log can repeat it."""
    endpoint_id = make_endpoint(module_hub.hub, own.id, webhook_receiver.url, ["charge.failed"]).endpoint.id
    press(alice_at_work, own, endpoint_id, "test")
    press(alice_at_work, own, endpoint_id, f"deliveries/{deliveries(module_hub, endpoint_id)[0].id}/resend")
    wait_until(lambda: len(webhook_receiver.got) == 2)
    assert {webhook.content["type"] for webhook in webhook_receiver.got} == {"ping"}


def test_an_endpoint_is_switched_off_and_on(alice_at_work: Developer, module_hub: LiveHub, own: Site) -> None:
    """Off, nothing is sent to it, by no button either; on again, it is."""
    endpoint_id = make_endpoint(module_hub.hub, own.id, NOBODY).endpoint.id
    press(alice_at_work, own, endpoint_id, "test")
    [sent] = deliveries(module_hub, endpoint_id)
    press(alice_at_work, own, endpoint_id, "disable")
    answer = press(alice_at_work, own, endpoint_id, f"deliveries/{sent.id}/resend")
    assert (answer.status_code, len(deliveries(module_hub, endpoint_id))) == (409, 1)
    assert "It is switched off since" in answer.text
    press(alice_at_work, own, endpoint_id, "enable")
    press(alice_at_work, own, endpoint_id, f"deliveries/{sent.id}/resend")
    assert len(deliveries(module_hub, endpoint_id)) == 2


def test_other_events_are_chosen(alice_at_work: Developer, module_hub: LiveHub, own: Site) -> None:
    """What is ticked is told from now on, a type that is not known is not; nothing ticked is everything."""
    endpoint_id = make_endpoint(module_hub.hub, own.id, NOBODY).endpoint.id
    press(alice_at_work, own, endpoint_id, "events", event_types=["hold.expired", "no.such"])
    assert endpoints(module_hub, own)[0].event_types == ["hold.expired"]
    press(alice_at_work, own, endpoint_id, "events")
    assert endpoints(module_hub, own)[0].event_types == []


def test_an_endpoint_is_deleted(alice_at_work: Developer, module_hub: LiveHub, own: Site) -> None:
    """It is gone from the list, and its page with it."""
    endpoint_id = make_endpoint(module_hub.hub, own.id, NOBODY).endpoint.id
    press(alice_at_work, own, endpoint_id, "delete")
    assert endpoints(module_hub, own) == []
    assert alice_at_work.browser.get(f"{own.path}/webhooks/{endpoint_id}").status_code == 404


def test_the_log_goes_on_below_the_last_one_seen(alice_at_work: Developer, module_hub: LiveHub, own: Site) -> None:
    """Deliveries and events are paged by key; none is shown twice or left out."""
    endpoint_id = make_endpoint(module_hub.hub, own.id, NOBODY).endpoint.id
    events = [happen(module_hub.hub, own.id, object_id=f"ch_{number}") for number in range(PAGE_ROWS + 2)]
    for path, pattern in ((f"webhooks/{endpoint_id}", r"Send (evt_[a-z0-9]+) again"), ("events", r'code">(evt_\w+)')):
        first = alice_at_work.browser.get(f"{own.path}/{path}").text
        older = findall(r'class="btn" href="(\?before=[^"]+)"', first)[0]
        second = alice_at_work.browser.get(f"{own.path}/{path}{older}").text
        seen = [findall(pattern, page) for page in (first, second)]
        assert [len(set(page)) for page in seen] == [PAGE_ROWS, 2]
        assert {*seen[0], *seen[1]} == set(events)


def test_events_are_found_and_sent_again(
    alice_at_work: Developer, module_hub: LiveHub, own: Site, webhook_receiver: WebhookReceiver
) -> None:
    """By type and by what they are about; one is sent again to every endpoint that wants it."""
    wanted = happen(module_hub.hub, own.id, EventType.CHARGE_REFUNDED, "ch_1")
    other = happen(module_hub.hub, own.id, EventType.CHARGE_FAILED, "ch_2")
    for query in ("type=charge.refunded", "object=ch_1"):
        page = alice_at_work.browser.get(f"{own.path}/events?{query}").text
        assert wanted in page
        assert other not in page
    make_endpoint(module_hub.hub, own.id, webhook_receiver.url, ["charge.refunded"])
    make_endpoint(module_hub.hub, own.id, NOBODY, ["charge.failed"])
    answer = alice_at_work.send(f"{own.path}/events", to=f"{own.path}/events/{wanted}/resend")
    assert answer.headers["Location"].endswith("resent=1")
    wait_until(lambda: len(webhook_receiver.got) == 1)
    assert webhook_receiver.got[0].headers["webhook-id"] == wanted
