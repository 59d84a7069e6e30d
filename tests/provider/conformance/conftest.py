"""The two clients that the certification plans want, registered as their instructions say."""

import pytest
from flask import Flask

from oauth_app.hub import Hub
from tests.fixtures.hub import Person, make_partner
from tests.provider.conformance.relying_party import CALLBACK, RelyingParty

#: What the plans' clients are: confidential, RS256, and without PKCE but in the one module about it.
_AS_THE_PLANS_WANT = {"redirect_uris": [CALLBACK], "id_token_algorithm": "RS256", "is_legacy": True}


@pytest.fixture(params=["default", "form_post"])
def response_mode(request: pytest.FixtureRequest) -> str:
    """Run every module twice: as the Basic plan has it, and as the Form Post Basic plan does."""
    return str(request.param)


@pytest.fixture
def rp(app: Flask, hub: Hub, alice: Person, response_mode: str) -> RelyingParty:
    """Register the plans' client."""
    credentials = make_partner(hub.engine, name="First", **_AS_THE_PLANS_WANT)
    return RelyingParty(app, credentials, alice, response_mode=response_mode, alg="RS256")


@pytest.fixture
def second_rp(app: Flask, hub: Hub, alice: Person, response_mode: str) -> RelyingParty:
    """Register the plans' ``client2``."""
    credentials = make_partner(hub.engine, name="Second", **_AS_THE_PLANS_WANT)
    return RelyingParty(app, credentials, alice, response_mode=response_mode, alg="RS256")
