"""What the pages about AI calls of users, partners and the operator have in common."""

from typing import Any

from flask import request

from oauth_app import clock
from oauth_app.services.statement_months import Month
from oauth_app.services.usage_reports import UsageReport
from oauth_app.web.call_words import endpoint_words


def asked_month() -> Month:
    """Return the month in the query, or the present one.

    Raises:
        UnknownMonthError: it is none, or has not begun.
    """
    text = request.args.get("month")
    return Month.of(clock.now()) if text is None else Month.parse(text)


def report_values(report: UsageReport, month: Month, names: dict[str, str]) -> dict[str, Any]:
    """Return what ``usage_report.html`` shows."""
    return {
        "report": report,
        "month": month,
        "site_names": names,
        "endpoint_words": endpoint_words(),
        "is_present_month": month == Month.of(clock.now()),
    }
