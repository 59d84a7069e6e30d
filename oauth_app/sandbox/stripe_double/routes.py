"""All addresses of the double."""

from typing import Final

from starlette.routing import Route

from oauth_app.sandbox.stripe_double import (
    customers,
    disputes,
    endpoints,
    events,
    hosted_pages,
    intents,
    invoice_lines,
    invoices,
    refunds,
    saved_cards,
    sessions,
)

_OPERATIONS: Final = (
    *customers.ROUTES,
    *sessions.ROUTES,
    *intents.ROUTES,
    *saved_cards.ROUTES,
    *invoice_lines.ROUTES,
    *invoices.ROUTES,
    *refunds.ROUTES,
    *disputes.ROUTES,
    *events.ROUTES,
    *endpoints.ROUTES,
)

ROUTES: Final = (*_OPERATIONS, *hosted_pages.ROUTES)


def _described(route: Route) -> tuple[str, str, str, str]:
    """Return a row of the developer page; its words are the first line of the handler's own."""
    method = next(iter((route.methods or set()) - {"HEAD"}))
    does = (route.endpoint.__doc__ or "").partition("\n")[0].rstrip(".")
    return method, route.path, does, "documented"


#: (method, path, what it does, provenance)
OPERATIONS: Final = tuple(_described(route) for route in _OPERATIONS)
