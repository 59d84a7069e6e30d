"""A short storm; and each check finds what it is there for, when it is done on purpose."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from oauth_app.hub import Hub
from tests.chaos.checking import CHECKS, failures, undecided
from tests.chaos.driving import Promises
from tests.chaos.evidence import gather
from tests.chaos.place import prepared
from tests.chaos.spoiling import SPOILINGS, Spoiling
from tests.chaos.storm import come_to_rest, rage
from tests.fixtures.hub import make_test_hub

KILLS, SEED = 10, 7


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What a storm left behind: both databases, and what was promised."""

    folder: Path
    promises: Promises
    kills: int
    found: dict[str, list[str]]
    undecided: list[str]


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """Let a storm of ten kills pass over four users."""
    folder = tmp_path_factory.mktemp("storm")
    with prepared(folder, "sqlite", users=4) as place:
        promises, kills = rage(place, kills=KILLS, seed=SEED, deadline_s=60, tell=lambda _: None)
        come_to_rest(place)
        evidence = gather(place.hub, place.sandbox_file, promises)
        return Aftermath(
            folder=folder,
            promises=promises,
            kills=kills,
            found=failures(evidence),
            undecided=undecided(evidence),
        )


@pytest.fixture
def copy(aftermath: Aftermath, tmp_path: Path) -> Path:
    """Copy both databases, to spoil them."""
    for name in ("hub.db", "sandbox.db"):
        with (
            closing(sqlite3.connect(aftermath.folder / name)) as source,
            closing(sqlite3.connect(tmp_path / name)) as target,
        ):
            source.backup(target)
    shutil.copy(aftermath.folder / "secrets.json", tmp_path)
    return tmp_path


@pytest.fixture
def hub_there(copy: Path) -> Iterator[Hub]:
    """Open the copied books."""
    hub = make_test_hub(copy)
    yield hub
    hub.close()


def test_not_a_unit_is_wrong(aftermath: Aftermath) -> None:
    """Killed at random instants, with faults and lost webhooks, the hub charged and credited everything once."""
    assert aftermath.kills == KILLS
    assert aftermath.found == {}
    assert aftermath.promises.counts["charges 201"] > 0


@pytest.mark.parametrize("spoiling", SPOILINGS, ids=lambda spoiling: f"{spoiling.check} {spoiling.statement[:24]}")
def test_each_check_finds_its_mistake(aftermath: Aftermath, copy: Path, hub_there: Hub, spoiling: Spoiling) -> None:
    """What is spoiled on purpose, past every trigger, is found by the check that is there for it."""
    with closing(sqlite3.connect(copy / spoiling.database, isolation_level=None)) as file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f'DROP TRIGGER "{name}"')
        assert file.execute(spoiling.statement).rowcount > 0
    found = failures(gather(hub_there, copy / "sandbox.db", aftermath.promises))
    assert spoiling.check in found


def test_no_check_is_only_believed() -> None:
    """Each check has a mistake of its own to find; one that nothing ever failed proves nothing."""
    assert {check.__name__ for check in CHECKS} == {spoiling.check for spoiling in SPOILINGS}
