"""How far a verification is: over all its passes, and each is named while it runs."""

import pytest
from sqlalchemy import Connection, Engine, event

from oauth_app.ledger import Movement, verifying
from oauth_app.ledger.verifying import verify_books
from oauth_app.ledger.verifying_progress import POSTINGS
from oauth_app.ledger.verifying_rules import BOOK_RULES
from tests.ledger.books import EARNINGS, WALLET, charge, fill, hold, make_people, move

Step = tuple[str, int, int]


@pytest.fixture
def books(sqlite: Engine) -> Engine:
    """Books with a bit of everything, and more postings than one step takes."""
    fill(sqlite, 1_000)
    charged = charge(sqlite, "ch_1", 100).transfer_id
    move(sqlite, "re_1", Movement(source=EARNINGS, destination=WALLET, amount=40), reverses=charged)
    hold(sqlite, make_people(sqlite), 30)
    return sqlite


@pytest.fixture
def told(books: Engine, monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """Verify the books in steps of two postings, and return everything that was told meanwhile."""
    monkeypatch.setattr(verifying, "_WINDOW", 2)
    steps: list[Step] = []
    assert list(verify_books(books, lambda *step: steps.append(step))) == []
    return steps


def test_every_pass_is_named_and_counts(told: list[Step]) -> None:
    """Postings, balances, and each rule, in this order; nothing is done that was not begun."""
    named = list(dict.fromkeys(what for what, _, _ in told))
    assert named == [POSTINGS, "balances", *(rule.name for rule in BOOK_RULES)]


def test_it_goes_from_nothing_to_all(told: list[Step]) -> None:
    """The end is known from the beginning, is reached with the last pass, and not before; nothing goes back."""
    behind = [done for _, done, _ in told]
    assert {total for _, _, total in told} == {behind[-1]}
    assert (behind[0], sorted(behind)) == (0, behind)
    assert [what for what, done, _ in told if done == behind[-1]] == [BOOK_RULES[-1].name]


def test_the_postings_are_a_part_of_it(told: list[Step]) -> None:
    """They go on step by step, and at their end much is still to be done: the other passes read as many rows."""
    postings = [done / total for what, done, total in told if what == POSTINGS]
    assert len(postings) > 2
    assert postings[-1] < 0.5


def test_a_pass_is_told_before_it_runs(books: Engine) -> None:
    """Whoever waits sees what it is that takes so long."""
    seen: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(books, "before_cursor_execute", note)
    list(verify_books(books, lambda what, _done, _all: seen.append(what)))
    event.remove(books, "before_cursor_execute", note)
    for rule in BOOK_RULES:
        at = next(number for number, what in enumerate(seen) if what.split() == rule.query.split())
        assert seen[at - 1] == rule.name
