"""Events: what happened to an object, kept as a snapshot and sent to the endpoints that want it."""

from typing import Any, Final

from oauth_app.sandbox.store import Store
from oauth_app.sandbox.stripe_double import api, deliveries, lists, objects
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.lists import Query
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params


def emit(call: Call, event_type: str, document: Document, before: Document | None = None) -> None:
    """Record an event and queue its webhooks; `before` is the object as an ``….updated`` found it.

    Of what happens in another account than the operator's nothing is told.
    """
    if document.get("_account"):
        return
    data: dict[str, Any] = {"object": objects.public(document)}
    if before is not None:
        data["previous_attributes"] = _changed(objects.public(before), data["object"])
    event = objects.make(
        "event",
        api_version=api.API_VERSION,
        data=data,
        pending_webhooks=0,
        request={"id": call.request_id, "idempotency_key": call.idempotency_key},
        type=event_type,
    )
    objects.add(call.store, event)
    deliveries.schedule(call.store, call.config, event)


def described(store: Store, event: Document) -> Document:
    """Return an event with the present number of webhooks that have not arrived."""
    return event | {"pending_webhooks": deliveries.count_pending(store, event["id"])}


def retrieve_event(call: Call, _params: Params) -> Document:
    """Return one event."""
    return described(call.store, objects.get(call.store, "event", call.target))


def list_events(call: Call, params: Params) -> Document:
    """List events, of some types when asked for; ``*`` in a type stands for anything, as in ``invoice.*``."""
    query = Query("event").where_any("type", params.texts("types"))
    event_type = params.find_text("type")
    if event_type and event_type.endswith("*"):
        query.where("type", event_type, "GLOB")
    else:
        query.where("type", event_type)
    found = lists.page(call, params, "/v1/events", query)
    return found | {"data": [described(call.store, event) for event in found["data"]]}


def _changed(before: Document, after: Document) -> Document:
    return {name: before.get(name) for name in after if before.get(name) != after[name]}


ROUTES: Final = (
    api.route("GET", "/v1/events", list_events, frozenset({"delivery_success"})),
    api.route("GET", "/v1/events/{id}", retrieve_event),
)
