"""What every test file may use. Fixtures of one subject live in ``tests/fixtures/`` and are found there by name."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytest.register_assert_rewrite("tests.fixtures")  # they import each other, so before the first is imported
pytest_plugins = [f"tests.fixtures.{file.stem}" for file in sorted((ROOT / "tests" / "fixtures").glob("[!_]*.py"))]

#: Folders that hold server programs but are not on PATH; Debian keeps PostgreSQL's there.
_OFF_PATH = [str(folder) for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]


def require_binary(*names: str) -> Path:
    """Return the first of these programs that is installed here; else skip the test that asks.

    With ``CI=true`` a missing program is a failure: what is skipped there is never run anywhere.
    """
    folders = os.pathsep.join([os.environ.get("PATH", os.defpath), *_OFF_PATH])
    for name in names:
        if found := shutil.which(name, path=folders):
            return Path(found)
    reason = f"needs a program that is not installed here: {' or '.join(names)}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the browser come last: Playwright leaves an event loop running, and asyncio.run() wants there to be none."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
