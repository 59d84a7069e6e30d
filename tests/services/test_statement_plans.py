"""A statement costs what its owner did, and not what everybody did."""

from typing import Any

import pytest
from sqlalchemy import CompoundSelect, Engine

from oauth_app.services.statement_months import Month
from oauth_app.services.statement_queries import partner_lines, user_lines

_MONTH = Month(year=2026, number=6)
_OF_EVERYBODY = ("transfer", "posting", "charge", "hold", "refund")


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(user_lines("usr_1", [1], _MONTH), id="user"),
        pytest.param(partner_lines("ptn_1", [1], _MONTH), id="partner"),
    ],
)
def test_no_statement_walks_through_what_all_did(sqlite: Engine, lines: CompoundSelect[Any]) -> None:
    """SQLite finds every row by its owner, its transfer or its own name: no table is read whole, nor a whole kind."""
    written = str(lines.compile(sqlite, compile_kwargs={"literal_binds": True}))
    with sqlite.connect() as connection:
        steps = [step.detail for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}")]
    assert any(step.startswith("SEARCH posting") for step in steps)
    whole = [step for step in steps if step.startswith(tuple(f"SCAN {table}" for table in _OF_EVERYBODY))]
    assert not whole + [step for step in steps if "(kind=?)" in step]
