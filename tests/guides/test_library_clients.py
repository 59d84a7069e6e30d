"""The environment of the large libraries is made once, however many processes of the tests want it."""

import threading
import time
from pathlib import Path

from tests.fixtures.library_clients import alone


def test_only_one_makes_it_at_a_time(tmp_path: Path) -> None:
    """Four begin at once, and each finds nobody else at work."""
    inside, seen = 0, list[int]()

    def make() -> None:
        nonlocal inside
        with alone(tmp_path / "made" / "libraries"):
            inside += 1
            seen.append(inside)
            time.sleep(0.05)
            inside -= 1

    makers = [threading.Thread(target=make) for _ in range(4)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert seen == [1, 1, 1, 1]
