"""What a call used, or may use at most: the numbers that have a price."""

import msgspec


class Tokens(msgspec.Struct, frozen=True):
    """What an answer tells that a call used; None is not known. ``cached`` and ``written`` are parts of ``input``."""

    input: int | None = None
    output: int | None = None
    #: Read from a cache, at a lower price.
    cached: int = 0
    #: Written into a cache, at a higher one.
    written: int = 0
    #: Sound and pictures among input and output; some models sell them dearer than words.
    heard: int = 0
    spoken: int = 0
    #: Of a recording, where that is sold.
    seconds: int | None = None

    @property
    def is_known(self) -> bool:
        """Whether the answer told anything."""
        return self.input is not None or self.output is not None or self.seconds is not None

    def then(self, later: "Tokens") -> "Tokens":
        """Return what is known after a later event of the same stream; counts only ever grow."""
        return Tokens(
            input=_larger(self.input, later.input),
            output=_larger(self.output, later.output),
            cached=max(self.cached, later.cached),
            written=max(self.written, later.written),
            heard=max(self.heard, later.heard),
            spoken=max(self.spoken, later.spoken),
            seconds=_larger(self.seconds, later.seconds),
        )

    def with_presumed(self, presumed: "Tokens") -> "Tokens":
        """Return what was told before the answer was cut; the rest as it is presumed.

        Vendors tell the input when they begin, and count the output on: what they told of it first is too little.
        """
        return msgspec.structs.replace(
            self,
            input=presumed.input if self.input is None else self.input,
            output=_larger(self.output, presumed.output),
            seconds=presumed.seconds if self.seconds is None and not self.heard else self.seconds,
        )

    def plus(self, other: "Tokens") -> "Tokens":
        """Return the sum, for a connection over which several answers come."""
        return Tokens(
            input=_sum(self.input, other.input),
            output=_sum(self.output, other.output),
            cached=self.cached + other.cached,
            written=self.written + other.written,
            heard=self.heard + other.heard,
            spoken=self.spoken + other.spoken,
            seconds=_sum(self.seconds, other.seconds),
        )


#: What an answer tells that tells nothing.
NOTHING_USED = Tokens()


def _larger(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)
