"""The demo's own Stripe tells the demo's hub: signed events alone book everything, with page, poller and sweep off."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from sqlalchemy import select
from werkzeug.serving import make_server

from oauth_app.cli.demo import prepare, programs_of
from oauth_app.db import reading
from oauth_app.factory import create_app
from oauth_app.hub import Hub, make_hub
from oauth_app.models import StripeEvent
from oauth_app.services.top_up_wishes import TopUpKind
from oauth_app.settings import load_settings
from tests.fixtures.hub import Person, Sandbox, make_person
from tests.services.stripe_orders import Stripe, alarms, check_books, opened, row_of, wallet

_PATIENCE_S = 15


@pytest.fixture
def hub(instance: Path) -> Iterator[Hub]:
    """The hub of a demo, with the settings that a demo has; it answers at its port, and nothing else of it runs."""
    settings = load_settings()
    assert settings.hub_instance == instance
    prepare(settings)
    hub = make_hub(settings)
    server = make_server("127.0.0.1", settings.hub_port, create_app(hub), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield hub
    server.shutdown()
    hub.close()


@contextmanager
def running_sandbox_of(hub: Hub, **changes: str) -> Iterator[Sandbox]:
    """Start the sandbox just as the demo does, but that tests may control it."""
    program = programs_of(hub.settings, prepare(hub.settings))[0]
    environment = {**os.environ, **program.environment, "SANDBOX_FAULTS": "1", **changes}
    with subprocess.Popen(program.command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: answers(program.ready_url))
            yield Sandbox(url=hub.settings.ohmygpt_api_base)
        finally:
            process.terminate()


@pytest.fixture
def stripe(hub: Hub) -> Iterator[Stripe]:
    """The demo's own Stripe."""
    with running_sandbox_of(hub) as sandbox:
        yield Stripe(sandbox)


@pytest.fixture
def carol(hub: Hub, stripe: Stripe) -> Person:
    """Somebody with an account of the demo."""
    return make_person(hub, stripe.sandbox, "carol@example.com")


def answers(url: str) -> bool:
    """Tell whether somebody answers there."""
    try:
        return requests.get(url, timeout=1).ok
    except requests.ConnectionError:
        return False


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so, and fail if it does not come."""
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def taken(hub: Hub) -> list[tuple[str, str]]:
    """Return type and outcome of the events that came by the webhook."""
    with reading(hub.engine) as session:
        return [(row.type, row.outcome) for row in session.scalars(select(StripeEvent))]


@pytest.mark.parametrize(
    ("kind", "told"), [(TopUpKind.CHECKOUT, "checkout.session.completed"), (TopUpKind.INVOICE, "invoice.paid")]
)
def test_a_payment_arrives_by_the_webhook_alone(
    hub: Hub, carol: Person, stripe: Stripe, kind: TopUpKind, told: str
) -> None:
    """Nobody opens a page and no worker asks: the event, signed by the demo's secret, brings the money."""
    top_up = opened(hub, carol.user_id, kind=kind)
    stripe.press(top_up, "pay")
    wait_until(lambda: row_of(hub, top_up.id).status == "paid")
    wait_until(lambda: told in {event_type for event_type, _ in taken(hub)})
    assert [outcome for _, outcome in taken(hub)].count("credited") == 1
    assert (wallet(hub, carol.user_id), alarms(hub)) == (12_00, [])
    check_books(hub)


def test_what_follows_arrives_by_the_webhook_alone(hub: Hub, carol: Person, stripe: Stripe) -> None:
    """A bank that pays later, a refund, and a dispute that is lost: each is booked when Stripe tells of it."""
    top_up = opened(hub, carol.user_id)
    stripe.press(top_up, "later")
    wait_until(lambda: row_of(hub, top_up.id).status == "processing")
    stripe.press(top_up, "arrive")
    wait_until(lambda: wallet(hub, carol.user_id) == 12_00)
    intent = stripe.intent_of(top_up)
    stripe.refund(intent, 2_00)
    wait_until(lambda: wallet(hub, carol.user_id) == 10_00)
    dispute = stripe.dispute(intent, 10_00)
    wait_until(lambda: row_of(hub, top_up.id).status == "disputed")
    stripe.decide(dispute, "lost")
    wait_until(lambda: row_of(hub, top_up.id).status == "refunded")
    assert (wallet(hub, carol.user_id), alarms(hub)) == (0, [])
    check_books(hub)


def test_events_of_another_secret_bring_nothing(hub: Hub) -> None:
    """What makes the others pass is the signature: signed by another secret, the same events are refused."""
    with running_sandbox_of(hub, SANDBOX_STRIPE_WEBHOOK_SECRET="whsec_of_somebody_else") as sandbox:
        stripe = Stripe(sandbox)
        carol = make_person(hub, sandbox, "carol@example.com")
        top_up = opened(hub, carol.user_id)
        stripe.press(top_up, "pay")
        wait_until(lambda: "400" in requests.get(f"{sandbox.url}/_sandbox/stripe/deliveries", timeout=5).text)
    assert (row_of(hub, top_up.id).status, wallet(hub, carol.user_id)) == ("open", 0)
