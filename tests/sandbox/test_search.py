"""Search by Google and by Serper."""

from typing import Any

import pytest
import requests

from tests.sandbox.emulator import BOB, Emulator

GOOGLE = "/api/v1/openapi/search/google-search/v1"
SERPER = "/api/v1/openapi/search/serper/v1"


def test_google_answers_in_googles_form(sandbox: Emulator, token: str) -> None:
    """Ten items with title, link and snippet, which are the same for the same query."""
    first, second = (_google(sandbox, token, q="who <am> I").json() for _ in range(2))
    assert first == second
    assert [len(first["items"]), first["queries"]["request"][0]["searchTerms"]] == [10, "who <am> I"]
    assert first["searchInformation"]["totalResults"] == "100"
    assert first["items"][0]["htmlTitle"] == "Result 1 for who &lt;am&gt; I"


def test_the_key_may_stand_in_the_address(sandbox: Emulator, token: str) -> None:
    """A search without a header is paid by the key of the query."""
    key = sandbox.app("get-user-admin-token", token).json()["data"]["token"]
    answers = [_google(sandbox, "", q="a", key=given) for given in (key, "sk-unknown", "")]
    assert [answer.status_code for answer in answers] == [200, 401, 401]


def test_google_pages(sandbox: Emulator, token: str) -> None:
    """Number and start choose the results; the last page names no next one."""
    body = _google(sandbox, token, q="a", num="3", start="4").json()
    assert [item["title"] for item in body["items"]] == [f"Result {number} for a" for number in (4, 5, 6)]
    assert body["queries"]["nextPage"][0]["startIndex"] == 7
    assert "nextPage" not in _google(sandbox, token, q="a", start="91").json()["queries"]


def test_google_searches_a_site_or_all_but_it(sandbox: Emulator, token: str) -> None:
    """The filter i keeps to a site, e keeps away from it."""
    within = _google(sandbox, token, q="a", siteSearch="docs.ohmygpt.com").json()["items"]
    without = _google(sandbox, token, q="a", siteSearch="example.com", siteSearchFilter="e").json()["items"]
    assert {item["displayLink"] for item in within} == {"docs.ohmygpt.com"}
    assert {item["displayLink"] for item in without} == {"www.example.org", "www.example.net"}


def test_serper_answers_in_serpers_form(sandbox: Emulator, token: str) -> None:
    """The observed form gets the organic results of the asked page."""
    fields = {"q": "apple", "cache": "3", "gl": "us", "hl": "en", "page": "2", "num": "10"}
    body = _serper(sandbox, token, **fields).json()
    assert body["searchParameters"]["q"] == "apple"
    assert [result["position"] for result in body["organic"]] == list(range(11, 21))
    assert set(body["organic"][0]) == {"title", "link", "snippet", "position"}


def test_a_search_costs(sandbox: Emulator, token: str) -> None:
    """Each search takes its price and stands on the statement as a call."""
    _google(sandbox, token, q="a")
    _serper(sandbox, token, q="a")
    account = sandbox.account()
    assert (account["calls"], account["spent_on_calls"], account["balance"]) == (2, "1500.00", "3398500.00")


@pytest.mark.parametrize("search", ["_google", "_serper"])
def test_no_money_is_the_platforms_402(sandbox: Emulator, search: str) -> None:
    """Without money the envelope has the literal text."""
    answer = globals()[search](sandbox, sandbox.token(BOB), q="a").json()
    assert (answer["statusCode"], answer["errorType"]) == (402, "insufficient_balance_error")
    assert answer["message"].endswith("https://www.ohmygpt.com/pay .")


@pytest.mark.parametrize(
    "change",
    [
        {"q": ""},
        {"q": "x" * 2001},
        {"num": "11"},
        {"num": "a"},
        {"start": "0"},
        {"start": "92"},
        {"siteSearch": "https://a b"},
        {"siteSearch": "example.com", "siteSearchFilter": "x"},
    ],
)
def test_a_bad_google_search_is_refused_and_free(sandbox: Emulator, token: str, change: dict[str, str]) -> None:
    """Parameters are checked before money is taken."""
    assert _google(sandbox, token, **{"q": "a"} | change).json()["statusCode"] == 400
    assert sandbox.account()["calls"] == 0


@pytest.mark.parametrize("change", [{"q": None}, {"q": ["a"]}, {"page": 0}, {"num": 101}, {"gl": {}}])
def test_a_bad_serper_search_is_refused_and_free(sandbox: Emulator, token: str, change: dict[str, Any]) -> None:
    """Fields are checked before money is taken."""
    assert sandbox.post(SERPER, token, {"q": "a"} | change).json()["statusCode"] == 400
    assert sandbox.account()["calls"] == 0


def _google(sandbox: Emulator, token: str, **query: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(sandbox.url + GOOGLE, params=query, headers=headers, timeout=10)


def _serper(sandbox: Emulator, token: str, **fields: str) -> requests.Response:
    return requests.post(sandbox.url + SERPER, data=fields, headers={"Authorization": token}, timeout=10)
