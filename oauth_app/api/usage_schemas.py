"""The shapes of the AI calls in the partner API."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from oauth_app.api.schemas import CallListQuery, Given, PlainQuery, Text

_Model = Annotated[Annotated[str, Field(max_length=128), Text] | None, Field(description="Of this model only.")]
#: Days that a moment and its neighbours can be counted from, and that both databases take.
_Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))]


class UsageQuery(CallListQuery):
    """Which calls."""

    model: _Model = None
    started_after: Annotated[AwareDatetime | None, Field(description="At this moment or later.")] = None
    started_before: Annotated[AwareDatetime | None, Field(description="Before this moment.")] = None


class UsageSummaryQuery(PlainQuery):
    """Which days, and what is told apart."""

    by: Annotated[
        Literal["day", "model", "endpoint"], Field(description="What each entry is about; days are those of UTC.")
    ] = "day"
    model: _Model = None
    first_day: Annotated[_Day | None, Field(description="29 days before the last one, if it is not given.")] = None
    last_day: Annotated[_Day | None, Field(description="Today, if it is not given.")] = None


class UsageSum(Given):
    """What some calls came to; ``estimated_cost`` is of those whose price is known."""

    day: date | None
    model: str | None
    endpoint: Annotated[str | None, Field(description="The kind of calls, such as chat or images.")]
    calls: int
    errors: int
    input_tokens: int
    output_tokens: int
    estimated_cost: Annotated[int, Field(description="In hundredths of an OhMyGPT unit.")]
    unpriced_calls: int


class UsageSummaryAnswer(Given):
    """What the user's AI calls through you came to in some days."""

    object: Literal["usage_summary"] = "usage_summary"
    first_day: date
    last_day: date
    total: UsageSum
    data: Sequence[UsageSum]
