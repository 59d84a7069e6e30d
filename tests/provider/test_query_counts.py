"""What a request costs the database: so many statements, however many users there are, each by an index."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, String, cast, event, func, insert, literal, select, true

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import AuthorizationCode, BrowserSession, Consent, PartnerSession, TokenRow, User
from oauth_app.models.base import Base
from oauth_app.services.issuer import load_issuer
from tests.fixtures.hub import make_partner
from tests.provider.browser import Browser, query_of
from tests.provider.partner import CALLBACK, PartnerSite

#: Statements of each request, reads and writes together.
STATEMENTS = {
    "authorize": 9,
    "code": 7,
    "refresh": 6,
    "client_credentials": 3,
    "introspect": 3,
    "userinfo": 1,
    "revoke": 4,
}
#: Tables that grow with the users, and what tells two of their rows apart.
_GROWING: dict[type[Base], tuple[str, ...]] = {
    User: ("id", "upstream_user_id", "email"),
    Consent: ("id", "user_id", "subject"),
    BrowserSession: ("token_digest", "id", "user_id"),
    PartnerSession: ("id", "browser_session_id", "consent_id"),
    AuthorizationCode: ("code_digest", "consent_id", "family_id"),
    TokenRow: ("token_digest", "consent_id", "family_id"),
}
_MACHINE = ("authorization_code", "refresh_token", "client_credentials")


@dataclass(kw_only=True)
class Seen:
    """The statements of one request, with their parameters."""

    statements: list[tuple[str, Any]] = field(default_factory=list)


@contextmanager
def watching(engine: Engine) -> Iterator[Seen]:
    """Collect what is asked of the database inside the block, transactions' own words left out."""
    seen = Seen()

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:  # noqa: ANN401
        if not statement.startswith("BEGIN"):
            seen.statements.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def site(app: Flask, hub: Hub) -> PartnerSite:
    """Register a site that may do everything that is measured."""
    return PartnerSite(app, make_partner(hub.engine, redirect_uris=[CALLBACK], grant_types=_MACHINE))


def introspect(app: Flask, site: PartnerSite, token: str) -> dict[str, Any]:
    """Ask about a token."""
    form = {"client_id": site.id, "client_secret": site.secret, "token": token}
    answer: dict[str, Any] = app.test_client().post("/oauth/introspect", data=form).get_json()
    return answer


def one_of_each(app: Flask, hub: Hub, browser: Browser, site: PartnerSite) -> dict[str, Seen]:
    """Make each request once, and return what it cost."""
    seen: dict[str, Seen] = {}
    load_issuer(hub)  # its keys are remembered for ten seconds, and are not what is counted here

    @contextmanager
    def named(name: str) -> Iterator[None]:
        with watching(hub.engine) as seen[name]:
            yield

    with named("authorize"):
        answer = browser.open(site.link(prompt="none"))
    with named("code"):
        tokens = site.exchange(query_of(answer.location)["code"]).get_json()
    with named("refresh"):
        tokens = site.refresh(tokens["refresh_token"]).get_json()
    with named("client_credentials"):
        assert site.ask_token(grant_type="client_credentials").status_code == 200
    with named("introspect"):
        assert introspect(app, site, tokens["access_token"])["active"]
    with named("userinfo"):
        assert site.userinfo(tokens["access_token"]).status_code == 200
    with named("revoke"):
        assert site.revoke(tokens["access_token"]).status_code == 200
    return seen


def crowd(hub: Hub, first: int, last: int) -> None:
    """Add users ``first`` to ``last``, each with what Alice has."""
    number = select(literal(first).label("number")).cte("numbers", recursive=True)
    numbers = number.union_all(select(number.c.number + 1).where(number.c.number < last))
    with transaction(hub.engine) as session:
        for model, unique in _GROWING.items():
            names = [column.name for column in model.__table__.columns]
            alices = select(model).limit(1).subquery()
            suffix = "-" + cast(numbers.c.number, String)
            columns = [alices.c[name] + suffix if name in unique else alices.c[name] for name in names]
            copies = select(*columns).select_from(alices.join(numbers, true()))
            session.execute(insert(model).from_select(names, copies))


@pytest.fixture
def costs(app: Flask, hub: Hub, browser: Browser, site: PartnerSite) -> dict[int, dict[str, Seen]]:
    """Measure with one user, with a thousand, and with a hundred thousand."""
    site.tokens(browser)  # alice agrees, and whatever is remembered in the process is
    measured = {1: one_of_each(app, hub, browser, site)}
    crowd(hub, 2, 1_000)
    measured[1_000] = one_of_each(app, hub, browser, site)
    crowd(hub, 1_001, 100_000)
    measured[100_000] = one_of_each(app, hub, browser, site)
    return measured


def test_a_request_costs_the_same_with_many_users(hub: Hub, costs: dict[int, dict[str, Seen]]) -> None:
    """Each request asks the database so many times, with 1, 1 000 and 100 000 users, and only by indexes."""
    counts = {users: {name: len(seen.statements) for name, seen in of.items()} for users, of in costs.items()}

    assert counts == dict.fromkeys((1, 1_000, 100_000), STATEMENTS)
    with reading(hub.engine) as session:
        assert session.scalar(select(func.count()).select_from(User)) == 100_000
    scans = {
        f"{name}: {statement}"
        for name, seen in costs[100_000].items()
        for statement, parameters in seen.statements
        if _scans(hub.engine, statement, parameters)
    }
    assert scans == set(), "a table that grows is read from end to end"


def _scans(engine: Engine, statement: str, parameters: Any) -> bool:  # noqa: ANN401 - the driver's own
    """Tell whether SQLite would read the whole of a growing table, whatever index it reads it by."""
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    growing = {model.__tablename__ for model in _GROWING}
    return any(row.detail.split()[0] == "SCAN" and row.detail.split()[1] in growing for row in plan)
