"""Webhook endpoints: who is told of what, with which secret."""

import re
from typing import Final

from oauth_app.sandbox.config import Config
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.loopback import is_loopback
from oauth_app.sandbox.store import Store
from oauth_app.sandbox.stripe_double import api, lists, objects
from oauth_app.sandbox.stripe_double.calls import Call
from oauth_app.sandbox.stripe_double.errors import ParameterError, refuse
from oauth_app.sandbox.stripe_double.lists import Query
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params

_MOST: Final = 16
_EVENT_TYPE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+", re.ASCII)

#: The endpoint of the settings. Like the listener of Stripe's command line it is in no list.
_CONFIGURED: Final = "we_configured"


def create_endpoint(call: Call, params: Params) -> Document:
    """Add an endpoint; only this answer has its secret."""
    endpoint = objects.make(
        "webhook_endpoint",
        api_version=params.find_text("api_version"),
        application=None,
        description=params.find_text("description"),
        enabled_events=_enabled_events(params),
        metadata=params.metadata(),
        status="enabled",
        url=_loopback_url(params, params.text("url")),
    )
    if len(objects.all_where(call.store, "webhook_endpoint")) >= _MOST:
        refuse(f"You have reached the maximum of {_MOST} test webhook endpoints.")
    secret = f"whsec_{alnum(32)}"
    objects.add(call.store, endpoint | {"_secret": secret})
    return endpoint | {"secret": secret}


def retrieve_endpoint(call: Call, _params: Params) -> Document:
    """Return an endpoint without its secret."""
    return objects.get(call.store, "webhook_endpoint", call.target)


def update_endpoint(call: Call, params: Params) -> Document:
    """Change where an endpoint is, what it is told, and whether it is told at all."""
    endpoint = objects.get(call.store, "webhook_endpoint", call.target)
    if "url" in params:
        endpoint["url"] = _loopback_url(params, params.text("url"))
    if "enabled_events" in params:
        endpoint["enabled_events"] = _enabled_events(params)
    if "description" in params:
        endpoint["description"] = params.find_text("description")
    endpoint["status"] = "disabled" if params.flag("disabled", default=endpoint["status"] == "disabled") else "enabled"
    endpoint["metadata"] = params.metadata(endpoint["metadata"])
    return objects.save(call.store, endpoint)


def delete_endpoint(call: Call, _params: Params) -> Document:
    """Remove an endpoint; what is still queued for it is never sent."""
    return objects.remove(call.store, objects.get(call.store, "webhook_endpoint", call.target))


def list_endpoints(call: Call, params: Params) -> Document:
    """List the endpoints."""
    return lists.page(call, params, "/v1/webhook_endpoints", Query("webhook_endpoint"))


def find(store: Store, config: Config, endpoint_id: str) -> Document | None:
    """Return an endpoint that may be sent to, with its secret, or None."""
    found = {endpoint["id"]: endpoint for endpoint in _enabled(store, config)}
    return found.get(endpoint_id)


def subscribed(store: Store, config: Config, event_type: str) -> list[Document]:
    """Return the endpoints that want an event."""
    return [
        endpoint for endpoint in _enabled(store, config) if {"*", event_type}.intersection(endpoint["enabled_events"])
    ]


def _enabled(store: Store, config: Config) -> list[Document]:
    listed = objects.all_where(store, "webhook_endpoint", status="enabled")
    if config.stripe_webhook_url:
        fixed = {"url": config.stripe_webhook_url, "_secret": config.stripe_webhook_secret}
        listed.append({"id": _CONFIGURED, "enabled_events": ["*"], **fixed})
    return listed


def _loopback_url(params: Params, url: str) -> str:
    params.find_url("url")
    if not is_loopback(url):
        text = "Invalid URL: the double sends webhooks to loopback addresses only, such as http://127.0.0.1:8000/."
        raise ParameterError(text, param="url", code="url_invalid")
    return url


def _enabled_events(params: Params) -> list[str]:
    names = params.texts("enabled_events")
    if not names:
        text = "Missing required param: enabled_events."
        raise ParameterError(text, param="enabled_events", code="parameter_missing")
    for name in names:
        if name != "*" and not _EVENT_TYPE.fullmatch(name):
            text = f"Invalid enabled_events: '{name[:80]}' is not the name of an event."
            raise ParameterError(text, param="enabled_events")
    return names


ROUTES: Final = (
    api.route("POST", "/v1/webhook_endpoints", create_endpoint),
    api.route("GET", "/v1/webhook_endpoints", list_endpoints),
    api.route("GET", "/v1/webhook_endpoints/{id}", retrieve_endpoint),
    api.route("POST", "/v1/webhook_endpoints/{id}", update_endpoint),
    api.route("DELETE", "/v1/webhook_endpoints/{id}", delete_endpoint),
)
