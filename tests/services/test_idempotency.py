"""Keys, and what two requests of one key have in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_app.services.idempotency import (
    IdempotencyKeyInvalidError,
    IdempotencyKeyRequiredError,
    check_key,
    digest_of,
)


@pytest.mark.parametrize("key", ["a", "order-1", "!~", "x" * 255])
def test_a_key_is_visible_ascii(key: str) -> None:
    """1 to 255 visible characters are a key."""
    assert check_key(key) == key


@pytest.mark.parametrize("key", ["x" * 256, "a b", "é", "a\n", "\x7f", "a\x00"])
def test_anything_else_is_no_key(key: str) -> None:
    """Spaces, control characters, other letters and too many of them are refused."""
    with pytest.raises(IdempotencyKeyInvalidError):
        check_key(key)


@pytest.mark.parametrize("key", [None, ""])
def test_no_key_is_told_apart(key: str | None) -> None:
    """A forgotten key is another mistake than a bad one."""
    with pytest.raises(IdempotencyKeyRequiredError):
        check_key(key)


@given(st.dictionaries(st.text(), st.text() | st.integers(), min_size=2))
def test_the_order_of_names_does_not_count(wish: dict[str, str | int]) -> None:
    """A client that writes its JSON in another order repeats itself all the same."""
    assert digest_of(wish) == digest_of(dict(reversed(wish.items())))
