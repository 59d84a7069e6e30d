"""Ids sort by time; tokens cannot be mistaken for one another."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_app import clock
from oauth_app.identifiers import Kind, TokenKind, first_id, is_well_formed, new_id, new_token


def test_later_ids_sort_later() -> None:
    """Ids can be paged by, since they grow with time."""
    earlier = new_id(Kind.CHARGE)
    with clock.moved(timedelta(milliseconds=2)):
        assert earlier < new_id(Kind.CHARGE)


def test_a_span_of_time_is_a_span_of_ids() -> None:
    """What is made from a moment on has at least its first id, and what was made before it has less."""
    began = clock.now()
    made = new_id(Kind.CHARGE)
    assert first_id(Kind.CHARGE, began) <= made < first_id(Kind.CHARGE, clock.now() + timedelta(milliseconds=1))
    assert first_id(Kind.CHARGE, datetime(1, 1, 1, tzinfo=UTC)) == first_id(
        Kind.CHARGE, datetime(1970, 1, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize("kind", TokenKind)
def test_a_token_is_recognised(kind: TokenKind) -> None:
    """A fresh token passes its own check and no other kind's."""
    token = new_token(kind)
    assert [other for other in TokenKind if is_well_formed(token, other)] == [kind]


@given(st.integers(min_value=0, max_value=43), st.characters(codec="ascii"))
def test_a_changed_token_is_noticed(place: int, char: str) -> None:
    """One changed character makes a token malformed, without any look into the database."""
    token = new_token(TokenKind.ACCESS)
    changed = token[:place] + char + token[place + 1 :]
    assert is_well_formed(changed, TokenKind.ACCESS) == (changed == token)


@given(st.text())
def test_any_text_can_be_asked(text: str) -> None:
    """The check answers for any text at all."""
    assert not is_well_formed(text, TokenKind.REFRESH)
