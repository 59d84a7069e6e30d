"""Redirect URI tricks (RFC 9700 4.1 and 4.11): nobody is sent where the partner did not register."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from oauth_app.db import transaction
from oauth_app.factory import create_app
from oauth_app.hub import Hub
from oauth_app.models import Partner
from oauth_app.provider.clients import Client
from oauth_app.services.partner_errors import InvalidRegistrationError
from oauth_app.services.partners import disable_partner
from oauth_app.services.redirect_uris import check_redirect_uri
from tests.fixtures.hub import make_partner, make_test_hub
from tests.provider.browser import Browser, query_of
from tests.provider.partner import PartnerSite

REGISTERED = ["https://shop.example/callback", "https://shop.example/cb?kind=a%20b&flag", "com.example.app:/back"]
LOOPBACK = ["http://127.0.0.1/callback", "http://[::1]:9000/callback"]
WRONG_ADDRESSES = [
    "https://shop.example/callback/",
    "https://shop.example/callbac",
    "https://shop.example/Callback",
    "https://shop.example:8443/callback",
    "https://shop.example:443/callback",
    "http://shop.example/callback",
    "https://shop.example/callback?x=1",
    "https://shop.example/callback?",
    "https://shop.example/callback#",
    "https://shop.example/callback/../other",
    "https://shop.example/./callback",
    "https://shop.example//callback",
    "https://shop.example\\callback",
    "https://shop.example/callback;x",
    "https://shop.example/%63allback",
    "https://shop.example.evil.example/callback",
    "https://evil.shop.example/callback",
    "https://shop.example@evil.example/callback",
    "https://evil.example/callback",
    "https://evil.example#https://shop.example/callback",
    "https://evil.example?https://shop.example/callback",
    "//shop.example/callback",
    "/callback",
    " https://shop.example/callback",
    "https://shop.example/callback\n",
    "https://shop.example/callback%0d%0aSet-Cookie:x=1",
    "https://shop.example/callback%00",
    'https://shop.example/callback"><script>',
    "https://shöp.example/callback",
    "https://\uff53hop.example/callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://127.0.0.1:1234/callback",
    "",
]


@pytest.mark.parametrize("address", WRONG_ADDRESSES)
def test_nobody_is_sent_to_an_unregistered_address(browser: Browser, site: PartnerSite, address: str) -> None:
    """RFC 9700 2.1: byte for byte, or a page."""
    answer = browser.open(site.link(redirect_uri=address))

    assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    assert "<script>" not in answer.text


@pytest.mark.parametrize("address", WRONG_ADDRESSES)
def test_errors_and_forms_go_nowhere_else_either(browser: Browser, site: PartnerSite, address: str) -> None:
    """A request that is wrong in other ways, too, leaves by no other door."""
    link = site.link(redirect_uri=address, prompt="none", response_mode="form_post", max_age="soon")
    answer = browser.open(link)

    assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    assert 'id="answer"' not in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1234/other",
        "https://127.0.0.1:1234/callback",
        "http://127.0.0.1:1234@evil.example/callback",
        "http://127.0.0.1:evil.example/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:123456/callback",
        "http://localhost:1234/callback",
        "http://127.0.0.2:1234/callback",
        "http://127.1:1234/callback",
        "http://[::1]:1234/callback",
    ],
)
def test_only_the_port_of_a_loopback_address_varies(
    browser: Browser, site_on_loopback: PartnerSite, address: str
) -> None:
    """RFC 8252 7.3 frees the port and nothing else."""
    assert browser.open(site_on_loopback.link(redirect_uri=address)).status_code == 400


@pytest.mark.parametrize("client_id", ["", "ptn_unknown", "ptn_\0", "ptn_ü"])
def test_an_unknown_client_gets_a_page(browser: Browser, site: PartnerSite, client_id: str) -> None:
    """RFC 6749 4.1.2.1: who is not known has no address to go back to."""
    site.id = client_id

    assert browser.open(site.link()).status_code == 400


def test_a_partner_that_is_switched_off_is_unknown(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """A disabled partner cannot even be told so."""
    with transaction(hub.engine) as session:
        disable_partner(session, site.id)

    assert browser.open(site.link()).status_code == 400


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_two_clients_are_none(browser: Browser, site: PartnerSite, name: str) -> None:
    """A repeated name may mean either one, so nothing is proven."""
    link = site.link()

    assert browser.open(f"{link}&{name}={query_of(link)[name]}").status_code == 400


def matches(registered: list[str], sent: str) -> bool:
    """Tell whether a partner with these addresses may be answered there."""
    partner = Partner(redirect_uris=registered)
    return Client(None, partner).check_redirect_uri(sent)  # type: ignore[arg-type] # no database is asked


def without_port(address: str) -> str:
    """Return the address with its port cut out by eye, not by the code that is tested."""
    host = "[::1]" if address.startswith("http://[::1]") else "127.0.0.1"
    beginning = f"http://{host}"
    rest = address.removeprefix(beginning)
    return beginning + (rest[len(rest) - len(rest.lstrip(":0123456789")) :] if rest.startswith(":") else rest)


near = st.sampled_from(REGISTERED + LOOPBACK).flatmap(
    lambda address: st.tuples(
        st.just(address), st.integers(0, len(address)), st.integers(0, 3), st.text(max_size=4)
    ).map(lambda cut: cut[0][: cut[1]] + cut[3] + cut[0][cut[1] + cut[2] :])
)


@given(sent=near | st.text(max_size=80))
@example("https://shop.example/callback")
@example("http://127.0.0.1:65535/callback")
@settings(max_examples=600)
def test_nothing_but_the_loopback_port_may_differ(sent: str) -> None:
    """Whatever is sent, near to a registered address or far from it, only equality and the free port let it pass."""
    loopbacks = {without_port(address) for address in LOOPBACK}
    is_loopback = sent.startswith(("http://127.0.0.1", "http://[::1]")) and without_port(sent) in loopbacks
    if matches(REGISTERED + LOOPBACK, sent):
        assert sent in REGISTERED or is_loopback


host = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){1,2}", fullmatch=True)
path = st.from_regex(r"(/[A-Za-z0-9._~%!$&'()*+,;=:@-]{0,8}){0,3}", fullmatch=True)
query = st.from_regex(r"(\?[A-Za-z0-9._~%!$&'()*+,;=:@/?-]{0,16})?", fullmatch=True)
addresses = st.builds("https://{}{}{}".format, host, path, query)


@given(address=addresses)
@settings(max_examples=300)
def test_a_registered_address_matches_itself(address: str) -> None:
    """What can be registered can be used."""
    assume(_can_be_registered(address))
    assert matches([address], address)


@pytest.fixture(scope="module")
def round_trip(
    tmp_path_factory: pytest.TempPathFactory, migrated_database: Path
) -> Iterator[tuple[Browser, PartnerSite]]:
    """Keep one hub for all examples: each changes the partner's one address and asks."""
    folder = tmp_path_factory.mktemp("round-trip")
    shutil.copy(migrated_database, folder / "hub.db")
    hub = make_test_hub(folder)
    app = create_app(hub)
    browser, site = Browser(app, hub), PartnerSite(app, make_partner(hub.engine))
    yield browser, site
    hub.close()


@given(registered=addresses, sent=addresses, same=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_round_trip_never_leads_elsewhere(
    round_trip: tuple[Browser, PartnerSite],
    registered: str,
    sent: str,
    same: bool,  # noqa: FBT001 - drawn
) -> None:
    """The browser is sent to the registered address, as it is and with the answer behind it, or not at all."""
    assume(_can_be_registered(registered))
    browser, site = round_trip
    with transaction(browser.hub.engine) as session:
        session.get_one(Partner, site.id).redirect_uris = [registered]
    answer = browser.open(site.link(redirect_uri=registered if same else sent, prompt="none"))
    if same or sent == registered:
        assert answer.location.startswith(registered + ("&" if "?" in registered else "?"))
        assert dict(parse_qsl(urlsplit(answer.location).query))["error"] == "login_required"
    else:
        assert (answer.status_code, answer.location) == (400, None)


def _can_be_registered(address: str) -> bool:
    try:
        check_redirect_uri(address)
    except InvalidRegistrationError:
        return False
    return True
