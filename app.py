"""OhMyGPT Connect: the one command, and the doors for servers.

    python3 app.py             the demo: hub, sandbox and example partner
    python3 app.py test        every test; what follows goes to pytest
    python3 app.py --help      everything else
    gunicorn app:app           the pages alone, for a WSGI server
    uvicorn app:asgi           the whole hub, for an ASGI server

Started as a program it first makes `.venv` from the hashed requirements and starts itself again in there. That part
needs nothing but the standard library of Python 3.11, and understands older ones well enough to refuse them politely.
Imported by a server it does nothing until `app` or `asgi` is asked for.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NoReturn

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

#: The oldest Python that the locked packages support.
OLDEST = (3, 11)

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
RUNTIME = ROOT / "requirements.txt"
TESTS = ROOT / "requirements-test.txt"

#: Debian's Python has neither ensurepip nor pip, so one comes with the checkout (vendor/README.md).
PIP = ROOT / "vendor" / "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"

#: What a server may ask this module for, and the function that makes it.
DOORS = {"app": ("oauth_app.factory", "create_app"), "asgi": ("oauth_app.asgi", "create_asgi")}


class SetupError(Exception):
    """The environment cannot be made; the text tells the reader what to do about it."""


def __getattr__(name: str) -> object:
    """Make `app` or `asgi` when a server first asks for it, and keep it."""
    if name not in DOORS:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    module, function = DOORS[name]
    made: object = getattr(importlib.import_module(module), function)()
    globals()[name] = made
    return made


def main(arguments: Sequence[str]) -> None:
    """Run the command in `.venv`, which is made or renewed first if need be."""
    requirements = TESTS if arguments[:1] == ["test"] else RUNTIME
    try:
        check_python()
        if not is_inside():
            prepare(requirements)
            restart(arguments)
    except SetupError as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run(arguments)


def run(arguments: Sequence[str]) -> None:
    """Run the command with the packages of this interpreter."""
    if arguments[:1] != ["test"]:
        importlib.import_module("oauth_app.cli.main").main(arguments)
    elif arguments[1:] != ["--setup-only"]:
        os.chdir(ROOT)  # so that the tests are found wherever this was typed
        raise SystemExit(importlib.import_module("pytest").main(arguments[1:]))


def check_python() -> None:
    """Refuse an interpreter older than the packages support.

    Raises:
        SetupError: it is.
    """
    if sys.version_info < OLDEST:
        found = f"{sys.version_info[0]}.{sys.version_info[1]} ({sys.executable})"
        msg = f"OhMyGPT Connect needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {found}."
        raise SetupError(msg)


def is_inside() -> bool:
    """Tell whether this interpreter is the one of `.venv`."""
    return Path(sys.prefix).resolve() == VENV.resolve()


# ---------------------------------------------------------------------------------------------- making the environment


def prepare(requirements: Path) -> None:
    """Make `.venv` hold the requirements; nothing to do when its marker says that it does.

    The marker is taken away first and written last, so an installation that was cut short is done again.

    Raises:
        SetupError: the environment cannot be made, or the installation failed.
    """
    if is_ready(requirements):
        return
    with only_one_at_a_time():
        if is_ready(requirements):  # made by another start while this one waited
            return
        installers = find_installers(requirements)
        add_to_venv = is_ready(RUNTIME)
        marker_of(RUNTIME).unlink(missing_ok=True)
        if not add_to_venv:
            make_venv()
        count = requirements.read_text(encoding="utf-8").count("==")
        say(f"Installing {count} packages from {requirements.name} with {' or '.join(installers)}")
        install(installers)
        say("Ready.")
        for done in {RUNTIME, requirements}:  # the test requirements hold all of the others, in the same versions
            marker_of(done).write_text(digest_of(done), encoding="utf-8")


def is_ready(requirements: Path) -> bool:
    """Tell whether `.venv` was made from just these requirements, by this interpreter, in this place."""
    marker = marker_of(requirements)
    return marker.is_file() and marker.read_text(encoding="utf-8") == digest_of(requirements)


def marker_of(requirements: Path) -> Path:
    """Return the file that is there when these requirements were installed to the end."""
    return VENV / f".ok-{requirements.stem}"


def digest_of(requirements: Path) -> str:
    """Return what must stay the same for `.venv` to be used again."""
    made_by = f"{sys.version} {sys.base_prefix} {ROOT}"
    return hashlib.sha256(made_by.encode() + requirements.read_bytes()).hexdigest()


def find_installers(requirements: Path) -> dict[str, list[str]]:
    """Return the ways to install the requirements, each file checked against its hash, the fastest way first.

    A way that fails leaves the next one its chance: uv, say, may not trust the certificates of a company network
    that pip trusts.

    Raises:
        SetupError: the pip that comes with this checkout was changed.
    """
    python = str(venv_python())
    hashed = ["--require-hashes", "-r", str(requirements)]
    uv = shutil.which("uv")
    ways = {"uv": [uv, "pip", "install", "--python", python, *hashed]} if uv else {}
    options = ["--disable-pip-version-check", "install", "--progress-bar=off", "--no-compile"]
    return {**ways, "pip": [python, str(checked_pip() / "pip"), *options, *hashed]}


def checked_pip() -> Path:
    """Return the wheel of pip that comes with this checkout; it runs without being installed.

    Raises:
        SetupError: it is not the file that was put there.
    """
    if not PIP.is_file() or hashlib.sha256(PIP.read_bytes()).hexdigest() != PIP_SHA256:
        msg = f"{PIP} is missing or was changed. Get it back with: git checkout {PIP.relative_to(ROOT)}"
        raise SetupError(msg)
    return PIP


def make_venv() -> None:
    """Make an empty `.venv`, in place of whatever was there.

    Raises:
        SetupError: the disk, or this Python, does not let us.
    """
    say(f"Making .venv for Python {sys.version.split()[0]} (the first time, and when the requirements changed)")
    try:
        if VENV.exists():
            shutil.rmtree(VENV)
        venv.create(VENV, symlinks=os.name != "nt")
    except OSError as error:
        msg = f"{VENV} cannot be made: {error}"
        raise SetupError(msg) from error


def install(installers: Mapping[str, Sequence[str]]) -> None:
    """Install by the first way that works.

    Raises:
        SetupError: none does; the last words of each are in the text.
    """
    last_words = []
    for name, command in installers.items():
        failed = failure_of(command)
        if not failed:
            return
        last_words.append(f"{name} failed:\n{failed}")
    raise SetupError("\n".join(last_words))


def failure_of(command: Sequence[str]) -> str:
    """Run a command and return nothing if it worked, else its last lines."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        lines = follow(process)
    return "".join(lines[-15:]) or "it said nothing" if process.returncode else ""


def follow(process: subprocess.Popen[str]) -> list[str]:
    """Return the lines a process writes; meanwhile show a dot for every few of them, as a sign of life."""
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line)
        if len(lines) % 10 == 0:
            print(".", end="", file=sys.stderr, flush=True)
    if len(lines) >= 10:
        print(file=sys.stderr)
    return lines


@contextlib.contextmanager
def only_one_at_a_time() -> Iterator[None]:
    """Wait until no other start is making `.venv`; the system lets go of the lock even if we are killed.

    Raises:
        SetupError: nothing may be written here.
    """
    try:
        lock = (ROOT / ".venv.lock").open("w", encoding="utf-8")
    except OSError as error:
        msg = f"{ROOT} must be writable for the first start: {error}"
        raise SetupError(msg) from error
    with lock:
        wait_for(lock)
        yield


def wait_for(lock: IO[str]) -> None:
    """Wait until the file is ours."""
    if sys.platform == "win32":
        msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
    else:
        fcntl.flock(lock, fcntl.LOCK_EX)


# --------------------------------------------------------------------------------------------------------- small things


def restart(arguments: Sequence[str]) -> NoReturn:
    """Become the same command in the interpreter of `.venv`."""
    command = [str(venv_python()), str(ROOT / "app.py"), *arguments]
    if os.name == "nt":  # exec there returns to the shell before the program is done
        raise SystemExit(subprocess.run(command, check=False).returncode)
    os.execv(command[0], command)  # noqa: S606 - there is no shell to protect


def venv_python() -> Path:
    """Return the interpreter of `.venv`."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def say(line: str) -> None:
    """Tell the person who waits what is going on; standard output belongs to the command."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
