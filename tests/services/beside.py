"""Two transactions that meet each other: for PostgreSQL, where writers really run beside each other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine

from oauth_app.db import transaction


def beside_each_other(engine: Engine, first: Callable[[Any], Any], second: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - whatever the second returns
    """Do both in transactions of their own; the second begins when the first has done its part and not committed.

    Returns what the second came to.
    """
    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as session:
            first(session)
            waiting = pool.submit(_do, engine, second)
            with pytest.raises(TimeoutError):  # it waits for the first
                waiting.result(timeout=1)
        return waiting.result(timeout=10)


def _do(engine: Engine, act: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - whatever it returns
    with transaction(engine) as session:
        return act(session)
