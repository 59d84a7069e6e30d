"""What only banks, time and accidents can do, ``/_sandbox/stripe/…``; it exists only with SANDBOX_FAULTS=1.

Bodies are JSON as in the rest of the control interface; objects and refusals
have Stripe's shape.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import controls
from oauth_app.sandbox.stripe_double import (
    collecting,
    deliveries,
    disputes,
    events,
    invoice_states,
    objects,
    refunds,
    saved_cards,
)
from oauth_app.sandbox.stripe_double.calls import Call, carrying_out
from oauth_app.sandbox.stripe_double.collecting import Step
from oauth_app.sandbox.stripe_double.deliveries import WebhookFault
from oauth_app.sandbox.stripe_double.errors import ParameterError
from oauth_app.sandbox.stripe_double.lists import Query
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params

_LONGEST_DELAY_MS: Final = 600_000
_MOST_TIMES: Final = 1_000
_SHOWN_PAYMENTS: Final = 100

Control = Callable[[Call, Params], Document | Sequence[Document] | None]


def list_payments(call: Call, _params: Params) -> list[Document]:
    """List the latest payments, the operator's and the provider's, newest first."""
    return Query("payment_intent").fetch(call.store, "DESC", _SHOWN_PAYMENTS)


def step_payment(call: Call, params: Params) -> Document:
    """Take a step of a payment, such as ``arrive`` or ``bounce`` of one that is processing."""
    step = params.find_choice("step", tuple(Step)) or Step.ARRIVE
    intent = objects.get(call.store, "payment_intent", call.target)
    collecting.take_step(call, intent, Step(step))
    return objects.get(call.store, "payment_intent", call.target)


def close_dispute(call: Call, params: Params) -> Document:
    """Decide a dispute: ``won`` or ``lost``."""
    return disputes.decide(call, call.target, params.find_choice("outcome", ("won", "lost")) or "lost")


def finish_refund(call: Call, params: Params) -> Document:
    """Finish a refund that is pending: ``succeeded`` or ``failed``."""
    outcome = params.find_choice("outcome", ("succeeded", "failed")) or "succeeded"
    return refunds.finish_refund(call, call.target, succeeds=outcome == "succeeded")


def overdue_invoice(call: Call, _params: Params) -> Document:
    """Say that the due date of an open invoice has passed."""
    return invoice_states.overdue(call, objects.get(call.store, "invoice", call.target))


def resend_event(call: Call, _params: Params) -> Document:
    """Send an event again to every endpoint that wants it."""
    event = objects.get(call.store, "event", call.target)
    deliveries.schedule(call.store, call.config, event)
    return events.described(call.store, event)


def add_webhook_fault(call: Call, params: Params) -> None:
    """Let the next webhooks be doubled, delayed, reordered or lost."""
    kind = WebhookFault(params.find_choice("kind", tuple(WebhookFault)) or params.text("kind"))
    times = params.find_whole("times", 1, _MOST_TIMES) or 1
    delay_ms = params.find_whole("delay_ms", 0, _LONGEST_DELAY_MS)
    if kind is WebhookFault.REORDER and times == 1:
        text = "Reordering takes at least two webhooks."
        raise ParameterError(text, param="times")
    deliveries.add_fault(call.store, kind, times, 1_000 if delay_ms is None else delay_ms)


def clear_webhook_faults(call: Call, _params: Params) -> None:
    """Forget what is still to go wrong, and send what it holds back."""
    deliveries.clear_faults(call.store)


def list_deliveries(call: Call, _params: Params) -> list[dict[str, object]]:
    """List the latest webhooks and what became of them, newest first."""
    return deliveries.log(call.store)


def _route(method: str, path: str, control: Control) -> Route:
    async def serve(request: Request) -> Response:
        params = Params(_tree(await controls.read_json(request)) if method == "POST" else {})
        with carrying_out(request) as call:
            outcome = control(call, params)
            params.check_all_read()
        return Response(status_code=204) if outcome is None else JSONResponse(objects.public(outcome))

    return Route(f"/_sandbox/stripe{path}", serve, methods=[method])


def _tree(body: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON object as the texts that a form would carry."""
    return {name: value if isinstance(value, dict) else str(value) for name, value in body.items()}


ROUTES: Final = (
    _route("GET", "/payments", list_payments),
    _route("POST", "/payments/{id}", step_payment),
    _route("POST", "/disputes", disputes.open_dispute),
    _route("POST", "/disputes/{id}", close_dispute),
    _route("POST", "/refunds/{id}", finish_refund),
    _route("POST", "/payment-methods/{id}", saved_cards.change_card),
    _route("POST", "/invoices/{id}/overdue", overdue_invoice),
    _route("POST", "/events/{id}/resend", resend_event),
    _route("POST", "/webhook-faults", add_webhook_fault),
    _route("DELETE", "/webhook-faults", clear_webhook_faults),
    _route("GET", "/deliveries", list_deliveries),
)
