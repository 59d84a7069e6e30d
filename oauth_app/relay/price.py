"""One price: of a model, or of an address that is paid by the call."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from oauth_app.relay.quantities import Tokens
from oauth_app.relay.wishes import Wish

#: Prices are for a million tokens; all else is brought to the same scale.
_MILLION = 1_000_000
_THOUSAND = 1_000
#: A multiplier of 1.
WHOLE = 10_000
#: Of usual text; at least one, whatever the text.
_BYTES_PER_TOKEN = 4
#: No recording that is worth writing down has less than 8 kbit for a second; most have 128.
_LEAST_BYTES_PER_SECOND = 1_000
_USUAL_BYTES_PER_SECOND = 16_000
#: Models that count tokens of a recording count so many.
_TOKENS_PER_SECOND = 10
_MULTIPLIER = re.compile(r"(\d{1,3})(?:\.(\d{1,4})\d*)?", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """Hundredths of an OhMyGPT unit; what is 0 costs nothing."""

    #: For a million tokens.
    input: int = 0
    cached: int = 0
    written: int = 0
    output: int = 0
    heard: int = 0
    spoken: int = 0
    #: For one of them.
    call: int = 0
    second: int = 0
    #: For a thousand.
    characters: int = 0
    #: For one that is drawn, by quality and size: ``hd 1792x1024``, ``hd`` or ``1792x1024``.
    pictures: dict[str, int] = field(default_factory=dict)
    #: For one that is drawn, in tokens of output, by quality and size.
    drawn: dict[str, int] = field(default_factory=dict)
    #: The provider's multiplier, in ten thousandths.
    multiplier: int = WHOLE
    #: The multiplier that ceilings are made with where it is larger: a discount may end before the hub hears of it.
    safe_multiplier: int = 0
    #: What the model takes and gives at most, in tokens; a context of 0 has no bound.
    context: int = 0
    most_output: int = 0
    #: What one picture counts as at most that is shown to the model, in tokens.
    shown: int = 0

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> "Price":
        """Return the price in a row of the book; some of it follows from the rest."""
        known = dict(row)
        known["multiplier"] = row.get("percent", 100) * WHOLE // 100
        known.pop("percent", None)
        for name in ("cached", "written", "heard"):
            known.setdefault(name, row.get("input", 0))
        known.setdefault("spoken", row.get("output", 0))
        return cls(**known)

    def times(self, multiplier: int) -> "Price":
        """Return the price with another multiplier; ceilings rise with it, and never fall."""
        return replace(self, multiplier=multiplier, safe_multiplier=self.ceiling_multiplier)

    @property
    def ceiling_multiplier(self) -> int:
        """The multiplier that a ceiling has to count on."""
        return max(self.multiplier, self.safe_multiplier)

    @property
    def is_by_use(self) -> bool:
        """Whether only the answer can tell what the call used."""
        return bool(self.input or self.output or self.second)

    @property
    def is_by_token(self) -> bool:
        """Whether nothing but tokens has a price."""
        return not (self.call or self.second or self.characters or self.pictures)

    def ceiling(self, wish: Wish, body_bytes: int) -> int:
        """Return what a call costs at most.

        A token has at least one byte, in every vendor's alphabet, and the frame of a message is longer than
        the tokens it counts as. What a body names without containing it, pictures and earlier answers, counts
        as the most that it can be.
        """
        read = self._most_input(wish, body_bytes) * max(self.input, self.written, self.heard)
        said = self._most_output(wish) * wish.choices * wish.prompts * max(self.output, self.spoken)
        seconds = body_bytes // _LEAST_BYTES_PER_SECOND + 1
        total = read + said + self._other(wish, body_bytes, seconds=seconds)
        return _rounded(total, self.ceiling_multiplier)

    def cost(self, wish: Wish, used: Tokens, body_bytes: int, *, percent: int = 100) -> int:
        """Return what a call cost, at an address that asks for a percentage of the price."""
        fresh = max((used.input or 0) - used.cached - used.written - used.heard, 0)
        words = max((used.output or 0) - used.spoken, 0)
        total = fresh * self.input + words * self.output
        total += used.cached * self.cached + used.written * self.written
        total += used.heard * self.heard + used.spoken * self.spoken
        seconds = -(-used.heard // _TOKENS_PER_SECOND) if used.seconds is None else used.seconds
        return _rounded(total + self._other(wish, body_bytes, seconds=seconds), self.multiplier, percent)

    def presume(self, wish: Wish, body_bytes: int, said: int) -> Tokens:
        """Return what a call probably used whose answer did not tell: four bytes are taken for a token.

        Nothing can have been said beyond what was allowed.
        """
        words = max(body_bytes - wish.embedded_bytes, 0)
        read = -(-words // _BYTES_PER_TOKEN) + wish.pictures * self.shown
        most = self._most_output(wish) * wish.choices * wish.prompts
        return Tokens(
            input=min(read, self.context) if self.context else read,
            output=most if self.drawn else min(said, most),
            seconds=body_bytes // _USUAL_BYTES_PER_SECOND + 1 if self.second else None,
        )

    def _most_input(self, wish: Wish, body_bytes: int) -> int:
        shown = body_bytes + wish.pictures * self.shown
        if not self.context:
            return shown
        return self.context * wish.prompts if wish.is_open else min(shown, self.context * wish.prompts)

    def _most_output(self, wish: Wish) -> int:
        if self.drawn:
            return _of_kind(self.drawn, wish)
        return self.most_output if wish.output_limit is None else min(wish.output_limit, self.most_output)

    def _other(self, wish: Wish, body_bytes: int, *, seconds: int) -> int:
        """Return what is not paid by the token, in millionths."""
        if self.is_by_token:
            return 0
        characters = body_bytes if wish.characters is None else wish.characters
        pictures = _of_kind(self.pictures, wish) * wish.choices
        return (self.call + pictures + self.second * seconds) * _MILLION + self.characters * characters * _THOUSAND


def _rounded(total: int, multiplier: int, percent: int = 100) -> int:
    return -(-total * multiplier * percent // (_MILLION * WHOLE * 100))


def _of_kind(table: dict[str, int], wish: Wish) -> int:
    """Return the entry for a quality and a size; for one that is not in the book, the largest."""
    for name in (f"{wish.quality} {wish.size}", wish.quality, wish.size):
        if name in table:
            return table[name]
    return max(table.values(), default=0)


def read_multiplier(value: object) -> int | None:
    """Return a multiplier such as ``0.40`` in ten thousandths, or None if it is none."""
    match = _MULTIPLIER.fullmatch(str(value)) if not isinstance(value, bool) else None
    return int(match[1]) * WHOLE + int((match[2] or "").ljust(4, "0")) if match else None
