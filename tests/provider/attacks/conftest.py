"""What the attackers find."""

import pytest
from flask import Flask

from oauth_app.hub import Hub
from tests.fixtures.hub import make_partner
from tests.provider.partner import CALLBACK, PartnerSite


@pytest.fixture
def site_with_two_addresses(app: Flask, hub: Hub) -> PartnerSite:
    """Register a site with two addresses."""
    uris = [CALLBACK, "https://shop.example/other"]
    return PartnerSite(app, make_partner(hub.engine, redirect_uris=uris))
