"""The relay and the pages on one port, with what runs beside them."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flask import Flask, request

from oauth_app.asgi import HubApplication, create_asgi
from oauth_app.hub import Hub
from oauth_app.services.relaying import make_relay
from tests.relay.conftest import Relayed
from tests.relay.servers import Stub, running


@pytest.fixture
def pages(relay_hub: Hub) -> Iterator[str]:
    """Serve a page that says what it was asked, beside a real relay."""
    app = Flask("pages")

    @app.route("/<path:path>", methods=["GET", "POST"])
    def echo(path: str) -> dict[str, Any]:
        headers = {name.lower(): value for name, value in request.headers}
        body = request.get_data(as_text=True)
        return {"path": path, "query": request.query_string.decode(), "headers": headers, "body": body}

    with running(HubApplication(relay_hub, relay=make_relay(relay_hub), pages=app)) as url:
        yield url


@pytest.mark.parametrize("path", ["v1", "hub/v1/me", "api", "v1beta/x", "account"])
def test_pages_get_what_is_not_the_relays(pages: str, path: str) -> None:
    """Only what is below the relay's two prefixes goes to the relay."""
    assert requests.get(f"{pages}/{path}", timeout=10).json()["path"] == path


@pytest.mark.parametrize("path", ["v1/models", "api/v1/x", "%761/models", "v1/../account"])
def test_the_relay_gets_every_spelling_of_its_paths(pages: str, path: str) -> None:
    """No spelling of a relay path is answered by a page."""
    with requests.Session() as session:
        prepared = session.prepare_request(requests.Request("GET", pages))
        prepared.url = f"{pages}/{path}"
        answer = session.send(prepared, timeout=10)
    assert answer.status_code in {400, 401, 404}
    assert answer.headers["x-request-id"].startswith("req_")


def test_a_page_reads_its_form(pages: str) -> None:
    """A body reaches the page whole."""
    assert requests.post(f"{pages}/form", data="a=1&b=2", timeout=10).json()["body"] == "a=1&b=2"


def test_a_header_with_an_underscore_stays_outside(pages: str) -> None:
    """In WSGI it would be taken for the header that a trusted proxy sets."""
    headers = {"X-Forwarded-For": "10.0.0.1", "X_Forwarded_For": "6.6.6.6"}
    assert requests.get(f"{pages}/x", headers=headers, timeout=10).json()["headers"]["x-forwarded-for"] == "10.0.0.1"


def test_a_strange_query_is_not_a_server_error(pages: str) -> None:
    """Bytes that belong in no address reach the page in the form that addresses have."""
    with requests.Session() as session:
        prepared = session.prepare_request(requests.Request("GET", f"{pages}/x"))
        prepared.url = f"{pages}/x?q=\xe9%41"
        answer = session.send(prepared, timeout=10)
    assert answer.json()["query"] in {"q=%C3%A9%41", "q=%E9%41"}


def test_the_head_of_a_page_can_be_asked_for(pages: str) -> None:
    """HEAD goes through the bridge without a body."""
    answer = requests.head(f"{pages}/x", timeout=10)
    assert (answer.status_code, answer.content) == (200, b"")


def test_the_whole_hub_starts_and_stops(relayed: Relayed, stub: Stub) -> None:
    """Pages, relay and worker come up together, serve, and go down together."""
    with running(create_asgi(relayed.hub)) as url:
        page = requests.get(f"{url}/livez", timeout=10)
        call = requests.post(f"{url}/v1/chat/completions", json={}, headers={"x-api-key": relayed.token}, timeout=10)

    assert (page.status_code, call.status_code) == (200, 200)
    assert stub.seen
