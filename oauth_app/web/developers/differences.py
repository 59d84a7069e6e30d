"""Two addresses that should be the same: where they part, so that an eye need not search."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What both begin and end with, and what each has between."""

    beginning: str
    sent: str
    registered: str
    end: str


def find_difference(sent: str, registered: Sequence[str]) -> Difference | None:
    """Return how ``sent`` differs from the registered address that is most like it; None if there is none."""
    candidates = [_compare(sent, address) for address in registered if address != sent]
    return min(candidates, key=lambda found: max(len(found.sent), len(found.registered)), default=None)


def _compare(sent: str, registered: str) -> Difference:
    start = _count_alike(sent, registered)
    sent_rest, registered_rest = sent[start:], registered[start:]
    end = _count_alike(sent_rest[::-1], registered_rest[::-1])
    return Difference(
        beginning=sent[:start],
        sent=sent_rest[: len(sent_rest) - end],
        registered=registered_rest[: len(registered_rest) - end],
        end=sent_rest[len(sent_rest) - end :],
    )


def _count_alike(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
