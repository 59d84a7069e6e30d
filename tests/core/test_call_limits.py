"""Limits of AI calls: what is allowed, what is more, and what holds where two hold."""

import pytest

from oauth_app.call_limits import NO_LIMITS, CallLimits


@pytest.mark.parametrize(
    ("models", "name", "allowed"),
    [
        (None, "gpt-4o", True),
        (("gpt-4o",), "gpt-4o", True),
        (("gpt-4o",), "GPT-4o", True),
        (("gpt-4o",), "gpt-4o-mini", False),
        (("gpt-*", "o3"), "gpt-4o-mini", True),
        (("gpt-*",), "my-gpt-4", False),
        ((), "gpt-4o", False),
    ],
)
def test_models_by_name_and_by_their_beginning(models: tuple[str, ...] | None, name: str, *, allowed: bool) -> None:
    """A star stands for the rest; an empty list allows nothing."""
    assert CallLimits(models=models).allows_model(name) is allowed


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (("gpt-*",), ("gpt-4o", "claude-3"), ("gpt-4o",)),
        (("gpt-*",), ("gpt-4*",), ("gpt-4*",)),
        (("gpt-4o",), ("claude-*",), ()),
        (None, ("x",), ("x",)),
        (("a", "b"), ("b", "a"), ("a", "b")),
        (None, None, None),
        ((), None, ()),
    ],
)
def test_models_within_both(
    one: tuple[str, ...] | None, other: tuple[str, ...] | None, both: tuple[str, ...] | None
) -> None:
    """What is allowed where two lists hold, whichever stands first."""
    assert CallLimits(models=one).meet(CallLimits(models=other)).models == both
    found = CallLimits(models=other).meet(CallLimits(models=one)).models
    assert (found is None) == (both is None)
    assert sorted(found or ()) == sorted(both or ())


def test_the_smaller_number_holds() -> None:
    """And where only one sets a limit, that one."""
    one = CallLimits(spend_per_day=5, calls_at_once=2, endpoints=("chat", "images"))
    other = CallLimits(spend_per_day=4, calls_per_minute=9, endpoints=("images", "audio"))

    met = CallLimits(spend_per_day=4, calls_per_minute=9, calls_at_once=2, endpoints=("images",))
    assert one.meet(other) == met
    assert one.meet(NO_LIMITS) == one


@pytest.mark.parametrize(
    ("limits", "wish", "exceeded"),
    [
        (CallLimits(), CallLimits(spend_per_day=10**9, models=("x",)), set()),
        (CallLimits(spend_per_day=5), CallLimits(), set()),
        (CallLimits(spend_per_day=5), CallLimits(spend_per_day=5), set()),
        (CallLimits(spend_per_day=5, spend_per_month=9), CallLimits(spend_per_day=6), {"spend_per_day"}),
        (CallLimits(models=("gpt-*",)), CallLimits(models=("gpt-4*", "gpt-5")), set()),
        (CallLimits(models=("gpt-4o",)), CallLimits(models=("gpt-*",)), {"models"}),
        (CallLimits(endpoints=("chat",)), CallLimits(endpoints=("chat", "files")), {"endpoints"}),
    ],
)
def test_what_a_wish_is_for_beyond_the_limits(limits: CallLimits, wish: CallLimits, exceeded: set[str]) -> None:
    """What is not named is no wish."""
    assert limits.exceeded_by(wish) == exceeded
