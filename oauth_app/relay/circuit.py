"""Whether one of OhMyGPT's bases is worth a try: a circuit that opens after failures and closes by itself."""

#: So many failures in a row open the circuit ...
_FAILURES = 3
#: ... for so long, twice as long each time, at most a minute.
_REST_S, _MAX_REST_S = 2.0, 60.0


class Circuit:
    """Whether a base is worth a try."""

    def __init__(self) -> None:
        self._failures = 0
        self._rest_s = _REST_S
        self._rests_until_s = 0.0

    def is_open(self, now_s: float) -> bool:
        """Tell whether calls go elsewhere. When the rest is over, one failure more begins the next."""
        return now_s < self._rests_until_s

    def succeed(self) -> None:
        """Note an answer."""
        self._failures, self._rest_s, self._rests_until_s = 0, _REST_S, 0.0

    def fail(self, now_s: float) -> None:
        """Note that there was none."""
        self._failures += 1
        if self._failures >= _FAILURES:
            self._rests_until_s = now_s + self._rest_s
            self._rest_s = min(2 * self._rest_s, _MAX_REST_S)
