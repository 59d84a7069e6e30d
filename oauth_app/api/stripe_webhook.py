"""``/webhooks/stripe``: what Stripe tells. Only its signature over the raw bytes opens this door."""

import logging

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from oauth_app.api.guards import public
from oauth_app.hub import Hub, current_hub
from oauth_app.payments import InvalidEventError, PaymentsUnavailableError, VerifiedEvent, read_event
from oauth_app.services.stripe_booking import Outcome
from oauth_app.services.stripe_events import is_about_orders, take_event

#: Stripe's largest events have some ten kilobytes.
MAX_BODY_BYTES = 256 * 1024

_log = logging.getLogger(__name__)

bp = Blueprint("stripe_webhook", __name__, url_prefix="/webhooks")
bp.before_request(public)


@bp.post("/stripe")
def take() -> ResponseReturnValue:
    """Take an event: 200 when it is done with, anything else and Stripe sends it again for three days."""
    hub = current_hub()
    if hub.payments is None:
        return _say("not enabled", 404)
    try:
        event = read_event(_raw_body(), request.headers.get("Stripe-Signature", ""), hub.settings.webhook_secrets)
    except InvalidEventError:
        _log.warning("an event was refused: not signed by Stripe for us, or too old")
        return _say("not signed for this hub, or too old", 400)
    return _take(hub, event) if is_about_orders(event) else _say("ignored", 200)


def _take(hub: Hub, event: VerifiedEvent) -> ResponseReturnValue:
    try:
        outcome = take_event(hub, event)
    except PaymentsUnavailableError:
        return _say("Stripe does not answer our question; send it again", 503)
    # It bears our mark, so somebody may have paid: Stripe keeps it until there is an order, or somebody looks.
    return _say(outcome, 409 if outcome is Outcome.UNKNOWN_ORDER else 200)


def _raw_body() -> bytes:
    request.max_content_length = MAX_BODY_BYTES
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise RequestEntityTooLarge
    return request.get_data(cache=False)


def _say(text: str, status: int) -> ResponseReturnValue:
    return f"{text}\n", status, {"Content-Type": "text/plain; charset=utf-8"}
