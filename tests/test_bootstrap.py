"""The one command: it makes its own environment, once, completely, and on every machine that has Python 3.11."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import app
from tests.conftest import ROOT

#: The interpreter that `.venv` was made from: the one a newcomer types.
BARE_PYTHON = Path(sys.base_prefix) / "bin" / "python3"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of a tiny project: our app.py, nothing to install, a command that tells its interpreter, a quick uv."""
    shutil.copy(ROOT / "app.py", tmp_path)
    shutil.copytree(ROOT / "vendor", tmp_path / "vendor")
    (tmp_path / "requirements.txt").touch()
    commands = tmp_path / "oauth_app" / "cli"
    commands.mkdir(parents=True)
    (commands / "main.py").write_text("import sys\ndef main(words): print(sys.prefix, *words)\n")
    (tmp_path / "uv").write_text("#!/bin/sh\n")
    (tmp_path / "uv").chmod(0o755)
    return tmp_path


@pytest.fixture
def start(clone: Path) -> Start:
    """Start the clone as a newcomer does, in another folder and without any environment."""

    def start_clone(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [BARE_PYTHON, clone / "app.py", *words],
            cwd="/",
            env={"PATH": f"{clone}:{os.defpath}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start_clone


def test_the_first_start_makes_the_environment(clone: Path, start: Start) -> None:
    """From a bare Python, without uv, the command ends up running in `.venv`, with its arguments."""
    (clone / "uv").unlink()
    output, progress = start("serve", "--port", "1").communicate()
    assert output == f"{clone / '.venv'} serve --port 1\n"
    assert "Making .venv" in progress


def test_the_second_start_changes_nothing(start: Start) -> None:
    """Once made, the environment is used as it is, without a word."""
    start().communicate()
    _, progress = start().communicate()
    assert progress == ""


def test_a_start_that_was_cut_short_is_done_again(clone: Path, start: Start) -> None:
    """An environment without its marker is thrown away: nobody knows what is missing in it."""
    remains = clone / ".venv" / "remains"
    remains.parent.mkdir()
    remains.touch()
    start().communicate()
    assert not remains.exists()


def test_two_starts_at_once_make_one_environment(start: Start) -> None:
    """The second start waits for the first and then finds everything made."""
    both = [start(), start()]
    progress = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert "".join(progress).count("Making .venv") == 1


def test_changed_requirements_are_installed(monkeypatch: pytest.MonkeyPatch, clone: Path) -> None:
    """A pull that changes the requirements renews the environment at the next start."""
    requirements = clone / "requirements.txt"
    monkeypatch.setattr(app, "VENV", clone)
    app.marker_of(requirements).write_text(app.digest_of(requirements))
    assert app.is_ready(requirements)
    requirements.write_text("# another")
    assert not app.is_ready(requirements)


def test_a_python_that_is_too_old_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal names what is needed and what was found."""
    monkeypatch.setattr(app, "OLDEST", (9, 1))
    with pytest.raises(app.SetupError, match=rf"needs Python 9\.1 or newer; this is {sys.version_info[0]}"):
        app.check_python()


def test_an_old_python_can_read_the_refusal() -> None:
    """The file holds no syntax that Python 3.7 does not know, or it could not say what is wrong."""
    ast.parse((ROOT / "app.py").read_text("utf-8"), feature_version=(3, 7))


def test_pip_comes_with_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python with neither uv nor pip nor ensurepip installs by the wheel that lies here, whose digest is known."""
    monkeypatch.setenv("PATH", "")
    ways = app.find_installers(app.RUNTIME)
    assert ways.keys() == {"pip"}
    pip = subprocess.run([sys.executable, ways["pip"][1], "--version"], capture_output=True, text=True, check=True)
    assert pip.stdout.startswith("pip 26.3 ")


def test_a_changed_pip_is_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wheel that is not the one that was put there is refused, with how to get it back."""
    changed = tmp_path / "pip.whl"
    changed.write_bytes(b"something else")
    monkeypatch.setattr(app, "PIP", changed)
    monkeypatch.setattr(app, "ROOT", tmp_path)
    with pytest.raises(app.SetupError, match=r"git checkout pip\.whl"):
        app.checked_pip()


def test_when_one_installer_fails_the_next_one_works() -> None:
    """An installer that cannot reach the packages does not end the start while there is another."""
    app.install({"uv": _program("raise SystemExit('no route')"), "pip": _program("")})


def test_when_all_installers_fail_their_last_words_are_shown() -> None:
    """The reader sees why, as the installer put it."""
    with pytest.raises(app.SetupError, match=r"uv failed:\nno route"):
        app.install({"uv": _program("raise SystemExit('no route')")})


def test_the_tests_run_from_any_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Wherever it is typed, `app.py test` finds the tests and hands its arguments to pytest."""
    seen = []
    monkeypatch.setattr(pytest, "main", lambda words: seen.append((Path.cwd(), *words)))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        app.run(["test", "-k", "money"])
    assert seen == [(ROOT, "-k", "money")]


def test_importing_has_no_side_effects() -> None:
    """A server that imports the module gets nothing it did not ask for: no settings, no database, no Flask."""
    program = "import sys, app; raise SystemExit('flask' in sys.modules or 'oauth_app' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_a_door_is_made_once_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server asks for is built at the first look and stays the same."""
    monkeypatch.setattr(app, "DOORS", {"back_door": ("builtins", "object")})
    assert app.back_door is app.back_door


def test_there_are_no_other_doors() -> None:
    """Asking for anything else fails as it does for any module."""
    with pytest.raises(AttributeError, match="no attribute 'wsgi'"):
        _ = app.wsgi


def _program(source: str) -> list[str]:
    return [sys.executable, "-c", source]
