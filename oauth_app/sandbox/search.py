"""Web search: Google's custom search and Serper's, with results that are a function of the query.

Both answer in their vendor's form without an envelope; refusals are the platform's envelope.
"""

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import funds
from oauth_app.sandbox.api_keys import GOOGLE, SERPER
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.credentials import platform_account
from oauth_app.sandbox.errors import refuse
from oauth_app.sandbox.fields import Fields, read_fields
from oauth_app.sandbox.money import CENTS_PER_USD

#: The vendors' list prices of one search, 0.005 and 0.001 USD; the provider's own are not public.
_GOOGLE_CENTS: Final = CENTS_PER_USD * 5 // 1_000
_SERPER_CENTS: Final = CENTS_PER_USD // 1_000

#: Google shows no more than the first hundred results, ten at a time.
_MOST_RESULTS: Final = 100
_LARGEST_PAGE: Final = 10

#: Reserved names: nobody is sent to a real site by an invented result.
_HOSTS: Final = ("www.example.com", "www.example.org", "www.example.net")
_HOST: Final = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,8}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Result:
    """One invented page."""

    position: int
    title: str
    host: str
    link: str
    snippet: str


async def google_search(request: Request) -> Response:
    """Answer as Google's Custom Search JSON API does; the key may stand in the address."""
    account = platform_account(request, request.query_params.get("key", ""))
    fields = Fields(dict(request.query_params))
    query, hosts = fields.text("q"), _read_hosts(fields)
    count = fields.whole("num", 1, _LARGEST_PAGE, _LARGEST_PAGE)
    start = fields.whole("start", 1, _MOST_RESULTS + 1 - count, 1)
    funds.pay(store_of(request), account.id, GOOGLE, _GOOGLE_CENTS)
    results = _results(query, hosts, range(start, start + count))
    return JSONResponse(_google_head(query, start, count) | {"items": [_google_item(result) for result in results]})


async def serper_search(request: Request) -> Response:
    """Answer as Serper does; every encoding of a platform operation is taken."""
    account = platform_account(request)
    fields = await read_fields(request)
    query = fields.text("q")
    page, count = fields.whole("page", 1, 100, 1), fields.whole("num", 1, _MOST_RESULTS, 10)
    asked = {"q": query, "gl": fields.text("gl", "us"), "hl": fields.text("hl", "en"), "num": count, "page": page}
    funds.pay(store_of(request), account.id, SERPER, _SERPER_CENTS)
    first = (page - 1) * count + 1
    organic = [
        {"title": result.title, "link": result.link, "snippet": result.snippet, "position": result.position}
        for result in _results(query, _HOSTS, range(first, first + count))
    ]
    parameters = asked | {"type": "search", "engine": "google"}
    return JSONResponse({"searchParameters": parameters, "organic": organic, "credits": 1})


def _read_hosts(fields: Fields) -> tuple[str, ...]:
    """Return the sites that results come from, as ``siteSearch`` and its filter ask."""
    if not fields.has("siteSearch"):
        return _HOSTS
    site = fields.text("siteSearch")
    if not _HOST.fullmatch(site):
        refuse("siteSearch must be a host name")
    others = tuple(host for host in _HOSTS if not host.endswith(site.lower())) or ("www.example.edu",)
    hosts = {"i": (site,), "e": others}.get(fields.text("siteSearchFilter", "i"))
    if hosts is None:
        refuse("siteSearchFilter must be e or i")
    return hosts


def _results(query: str, hosts: tuple[str, ...], positions: range) -> Iterator[Result]:
    for position in positions:
        digest = hashlib.sha256(f"{position} {query}".encode()).digest()
        host = hosts[digest[0] % len(hosts)]
        yield Result(
            position=position,
            title=f"Result {position} for {query[:80]}",
            host=host,
            link=f"https://{host}/{digest[1:5].hex()}",
            snippet=f"An invented page of the OhMyGPT sandbox, made from the query alone: {query[:200]}",
        )


def _google_head(query: str, start: int, count: int) -> dict[str, Any]:
    asked = {
        "title": f"Google Custom Search - {query}",
        "totalResults": str(_MOST_RESULTS),
        "searchTerms": query,
        "count": count,
        "startIndex": start,
        "inputEncoding": "utf8",
        "outputEncoding": "utf8",
    }
    is_last = start + 2 * count > _MOST_RESULTS + 1
    following = {} if is_last else {"nextPage": [asked | {"startIndex": start + count}]}
    return {
        "kind": "customsearch#search",
        "queries": {"request": [asked]} | following,
        "searchInformation": {
            "searchTime": 0.1,
            "formattedSearchTime": "0.10",
            "totalResults": str(_MOST_RESULTS),
            "formattedTotalResults": str(_MOST_RESULTS),
        },
    }


def _google_item(result: Result) -> dict[str, str]:
    return {
        "kind": "customsearch#result",
        "title": result.title,
        "htmlTitle": html.escape(result.title),
        "link": result.link,
        "displayLink": result.host,
        "snippet": result.snippet,
        "htmlSnippet": html.escape(result.snippet),
        "formattedUrl": result.link,
        "htmlFormattedUrl": result.link,
    }


_PREFIX: Final = "/api/v1/openapi/search"

ROUTES: Final = (
    Route(f"{_PREFIX}/google-search/v1", google_search, methods=["GET"]),
    Route(f"{_PREFIX}/serper/v1", serper_search, methods=["POST"]),
)
