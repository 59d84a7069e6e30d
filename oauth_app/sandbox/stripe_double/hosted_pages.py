"""The pages that stand in for Stripe's own: Checkout and the hosted invoice.

As with Stripe nobody signs in: who knows the address may look and press the
buttons. So the forms need no token of a session either.
"""

import contextlib
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from oauth_app.sandbox.clock import iso
from oauth_app.sandbox.errors import PageError
from oauth_app.sandbox.pages import page
from oauth_app.sandbox.stripe_double import collecting, invoice_states, objects, sessions
from oauth_app.sandbox.stripe_double.calls import Call, carrying_out
from oauth_app.sandbox.stripe_double.collecting import Step
from oauth_app.sandbox.stripe_double.currencies import written
from oauth_app.sandbox.stripe_double.errors import StripeError
from oauth_app.sandbox.stripe_double.objects import Document


async def show_session(request: Request) -> Response:
    """Show what is to be paid, or what became of it."""
    with carrying_out(request) as call:
        session = _session(call)
        intent = _find_intent(call, session["payment_intent"])
    return page(
        "stripe/checkout.html",
        session=session,
        total=written(session["amount_total"], session["currency"]),
        items=[(item, written(item["amount_total"], item["currency"])) for item in session["_line_items"]],
        steps=collecting.steps_of(session, intent),
        problem=_problem(intent),
        is_processing=bool(intent and intent["status"] == "processing"),
        back=_substituted(session["success_url"], session["id"]),
        path=request.url.path,
    )


async def press_on_session(request: Request) -> Response:
    """Take a step of a payment; once it is on its way the person goes back to the application."""
    step = _read_step(request)
    with carrying_out(request) as call:
        session = _session(call)
        # A second press finds the payment further on and shows how it stands.
        if step in collecting.steps_of(session, _find_intent(call, session["payment_intent"])):
            collecting.take_step(call, sessions.intent_of(call, session), step)
        session = _session(call)
    if session["status"] == "complete" and step in {Step.PAY, Step.LATER}:
        return RedirectResponse(_substituted(session["success_url"], session["id"]), 303)
    return RedirectResponse(f"{sessions.PAGE}/{session['id']}", 303)


async def show_invoice(request: Request) -> Response:
    """Show an invoice; a paid one is its receipt."""
    return _invoice_page(request, "stripe/invoice.html")


async def show_print(request: Request) -> Response:
    """Show an invoice for printing, where Stripe has a PDF."""
    return _invoice_page(request, "stripe/invoice_print.html")


async def press_on_invoice(request: Request) -> Response:
    """Take a step of the payment of an invoice."""
    step = _read_step(request)
    with carrying_out(request) as call:
        invoice = _invoice(call)
        intent = invoice_states.intent_of(call, invoice)
        if intent and step in collecting.steps_of(invoice, intent):
            collecting.take_step(call, intent, step)
    return RedirectResponse(f"{invoice_states.PAGE}/{invoice['_page']}", 303)


def _invoice_page(request: Request, template: str) -> Response:
    with carrying_out(request) as call:
        invoice = _invoice(call)
        intent = invoice_states.intent_of(call, invoice)
    transitions = invoice["status_transitions"]
    return page(
        template,
        invoice=invoice,
        total=written(invoice["total"], invoice["currency"]),
        remaining=written(invoice["amount_remaining"], invoice["currency"]),
        lines=[(line, written(line["amount"], line["currency"])) for line in invoice["lines"]["data"]],
        steps=collecting.steps_of(invoice, intent),
        problem=_problem(intent),
        is_processing=bool(intent and intent["status"] == "processing"),
        issued_on=iso(transitions["finalized_at"])[:10],
        due_on=iso(invoice["due_date"])[:10] if invoice["due_date"] else "",
        paid_on=iso(transitions["paid_at"])[:10] if transitions["paid_at"] else "",
        path=f"{invoice_states.PAGE}/{invoice['_page']}",
    )


def _session(call: Call) -> Document:
    with contextlib.suppress(StripeError):
        return sessions.current(call, objects.get(call.store, "checkout.session", call.target))
    raise _no_page()


def _invoice(call: Call) -> Document:
    found = objects.all_where(call.store, "invoice", _page=call.target)
    if not found or found[0]["status"] == "draft":
        raise _no_page()
    return found[0]


def _no_page() -> PageError:
    return PageError(404, "No such payment", "This payment page does not exist. It may be from before a reset.")


def _find_intent(call: Call, intent_id: str | None) -> Document | None:
    return objects.find(call.store, intent_id) if intent_id else None


def _problem(intent: Document | None) -> str:
    error = intent["last_payment_error"] if intent else None
    return error["message"] if error else ""


def _read_step(request: Request) -> Step:
    step = request.path_params["step"]
    if step not in set(Step):
        raise _no_page()
    return Step(step)


def _substituted(url: str, session_id: str) -> str:
    return url.replace("{CHECKOUT_SESSION_ID}", session_id)


ROUTES: Final = (
    Route(f"{sessions.PAGE}/{{id}}", show_session, methods=["GET"]),
    Route(f"{sessions.PAGE}/{{id}}/{{step}}", press_on_session, methods=["POST"]),
    Route(f"{invoice_states.PAGE}/{{id}}", show_invoice, methods=["GET"]),
    Route(f"{invoice_states.PAGE}/{{id}}/pdf", show_print, methods=["GET"]),
    Route(f"{invoice_states.PAGE}/{{id}}/{{step}}", press_on_invoice, methods=["POST"]),
)
