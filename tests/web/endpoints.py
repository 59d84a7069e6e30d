"""Webhook endpoints of a site, in one line, for tests of the console."""

import requests
from sqlalchemy import select

from oauth_app.db import reading
from oauth_app.models import Delivery, EventDelivery, WebhookEndpoint
from tests.fixtures.live import LiveHub
from tests.web.console import Developer, Site

#: Nobody listens there.
NOBODY = "http://127.0.0.1:9/webhooks"


def press(developer: Developer, site: Site, endpoint_id: str, action: str, **fields: list[str]) -> requests.Response:
    """Press a button of an endpoint's page."""
    here = f"{site.path}/webhooks/{endpoint_id}"
    return developer.send(here, to=f"{here}/{action}", **fields)


def endpoints(live: LiveHub, site: Site) -> list[WebhookEndpoint]:
    """Return the site's endpoints, oldest first."""
    own = select(WebhookEndpoint).where(WebhookEndpoint.partner_id == site.id).order_by(WebhookEndpoint.id)
    with reading(live.hub.engine) as session:
        return list(session.scalars(own))


def deliveries(live: LiveHub, endpoint_id: str) -> list[Delivery]:
    """Return what was sent to an endpoint or waits, oldest first."""
    link = select(EventDelivery.delivery_id).where(EventDelivery.endpoint_id == endpoint_id)
    with reading(live.hub.engine) as session:
        return list(session.scalars(select(Delivery).where(Delivery.id.in_(link)).order_by(Delivery.id)))
