"""``/hub/v1/statements`` as a partner's server meets it."""

import csv

from oauth_app import clock
from oauth_app.api.statements import StatementAnswer
from oauth_app.hub import Hub
from oauth_app.services.partners import Credentials
from oauth_app.services.statement_months import Month
from tests.api.caller import Caller, code_of
from tests.fixtures.hub import Person
from tests.services.money_story import allow, earned, tell_this_month


def test_a_month_is_what_the_partner_earned(server: Caller, hub: Hub, alice: Person, shop: Credentials) -> None:
    """The answer has the described shape, and its end is the earnings account."""
    tell_this_month(hub, allow(hub, alice.user_id, shop.client_id))
    month = Month.of(clock.now())
    answer = server.get(f"/hub/v1/statements/{month}")
    found = StatementAnswer.model_validate_json(answer.text)
    assert answer.headers["Cache-Control"] == "no-store"
    assert {one.asset: one.closing for one in found.balances} == {
        asset: earned(hub, shop.client_id, asset) for asset in ("OMG", "USD")
    }
    as_csv = server.get(f"/hub/v1/statements/{month}?format=csv")
    rows = list(csv.DictReader(as_csv.text.splitlines(keepends=True)))
    assert as_csv.content_type.startswith("text/csv")
    assert [row["transfer"] for row in rows if row["transfer"]] == [line.transfer for line in found.lines]


def test_a_strange_month_is_none(server: Caller) -> None:
    """What is no month, or not yet, is 404; a strange format is 422."""
    assert code_of(server.get("/hub/v1/statements/2099-01")) == (404, "unknown_month")
    assert code_of(server.get("/hub/v1/statements/yesterday")) == (404, "unknown_month")
    assert code_of(server.get("/hub/v1/statements/2026-01?format=pdf")) == (422, "invalid_request")
