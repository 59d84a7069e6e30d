"""Where an address that was sent parts from the registered one it was probably meant to be."""

from collections.abc import Sequence

_MAX_CHARS = 500
_SHOWN_CHARS = 40


def describe_difference(sent: str, registered: Sequence[str]) -> dict[str, str]:
    """Return what was sent, the nearest registered address, and where the first difference is (counted from 1)."""
    sent = sent[:_MAX_CHARS]
    if not registered:
        return {"sent": sent}
    nearest = max(registered, key=lambda known: _likeness(sent, known))
    alike = _alike(sent, nearest)
    return {
        "sent": sent,
        "registered": nearest,
        "first_difference": str(alike + 1),
        "sent_from_there": sent[alike : alike + _SHOWN_CHARS],
        "registered_from_there": nearest[alike : alike + _SHOWN_CHARS],
    }


def _likeness(sent: str, known: str) -> int:
    """Count equal characters from both ends: quick, whatever a stranger sends."""
    return _alike(sent, known) + _alike(sent[::-1], known[::-1])


def _alike(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
