"""Amounts on the wire become whole hundredths, exactly, or are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_app.upstream.amounts import format_amount, parse_amount


@given(st.integers(min_value=-(10**17) + 1, max_value=10**17 - 1))
def test_an_amount_survives_the_wire(hundredths: int) -> None:
    """What is written is read back as it was."""
    assert parse_amount(format_amount(hundredths)) == hundredths


@pytest.mark.parametrize(("text", "hundredths"), [("8217.00", 821_700), ("0.5", 50), ("7", 700), ("-0.01", -1)])
def test_documented_forms_are_read(text: str, hundredths: int) -> None:
    """Two digits, one digit, none, and a sign."""
    assert parse_amount(text) == hundredths


@pytest.mark.parametrize("text", ["", "1.005", "1e3", ".5", "1.", "1,000.00", " 1", "٣.00", "NaN", "9" * 16])
def test_what_is_no_amount_is_refused(text: str) -> None:
    """Nothing is rounded, and nothing is guessed."""
    with pytest.raises(ValueError, match="not an amount"):
        parse_amount(text)
