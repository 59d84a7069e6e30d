"""Wishes that show only what a test is about."""

from typing import Any

from oauth_app.services.charging import ChargeWish


def make_wish(**wishes: Any) -> ChargeWish:  # noqa: ANN401 - any field
    """Return a wish for 10.01 units."""
    known: dict[str, Any] = {"amount": 10_01, "asset": "OMG", "description": "Stickers", "idempotency_key": "order-1"}
    return ChargeWish(**(known | wishes))
