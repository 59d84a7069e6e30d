"""Every operation of the application, struck with random requests; ``SANDBOX_FUZZ_EXAMPLES`` makes the run longer."""

import os
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from oauth_app.sandbox.application import create_app
from oauth_app.sandbox.config import Config
from tests.sandbox.fuzz_target import Target, target_in
from tests.sandbox.fuzz_wishes import Operation, Wish, operations, wishes

_EXAMPLES: Final = int(os.environ.get("SANDBOX_FUZZ_EXAMPLES", "20"))

#: Who strikes these may void the credentials of all.
_UNDOING: Final = ("/_sandbox/", "/sandbox/", "/api/v1/user/oauth/app/update-user-admin-token")

_OPERATIONS: Final = operations(create_app(Config(faults=True)).routes)


@pytest.fixture(scope="module")
def _running_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with target_in(tmp_path_factory.mktemp("fuzz")) as target:
        yield target


@pytest.fixture
def target(_running_target: Target, operation: Operation) -> Target:
    """A sandbox in which something has happened already; the control interface may have undone it."""
    if not _running_target.is_ready or operation.path.startswith(_UNDOING):
        _running_target.restart()
    _running_target.prepare(operation)
    return _running_target


@pytest.mark.timeout(0)
@pytest.mark.parametrize("operation", _OPERATIONS, ids=str)
def test_nothing_breaks_it(target: Target, operation: Operation) -> None:
    """Whatever is asked, the answer has the shape of its family and the books still balance."""

    @settings(
        max_examples=_EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(wishes(operation))
    def strike(wish: Wish) -> None:
        assert target.complaint(wish) == ""

    strike()
    target.is_ready = not operation.path.startswith(_UNDOING)
    # The control interface sets balances by hand, which no statement tells.
    assert target.harm(with_statement=not operation.path.startswith("/_sandbox/")) == ""
