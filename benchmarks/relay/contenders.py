"""Everything that can stand between a caller and the upstream, started on one core."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.relay.installs import LITELLM, Peers
from benchmarks.relay.processes import free_port, pinned, program, running

ROOT = Path(__file__).resolve().parents[2]
#: Whatever is measured has this core for itself; stub and load share the other.
CORE, OTHER_CORE = 0, 1

_NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 10000000; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream stub {{ server {stub}; keepalive 4096; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://stub; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_max_temp_file_size 0; }}
  }}
}}
"""
_LITELLM = """
model_list:
  - model_name: gpt-4o-mini
    litellm_params: {{model: openai/gpt-4o-mini, api_base: "http://{stub}/v1", api_key: bench}}
general_settings: {{master_key: sk-bench}}
"""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A running proxy."""

    name: str
    port: int
    process: int
    version: str
    #: What a caller has to send along, as whole lines.
    headers: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where contenders are started: a folder for their files, the stub behind them, and what is installed."""

    folder: Path
    stub: str
    peers: Peers


Start = Callable[[Ground], AbstractContextManager[Contender]]


@contextmanager
def hub(ground: Ground) -> Iterator[Contender]:
    """Run this hub: the token is looked up, the vault opened, the call metered and written down."""
    folder, port = ground.folder / "hub", free_port()
    folder.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HUB_ENV": "sandbox",
        "HUB_INSTANCE": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'hub.db'}",
        "HUB_PORT": str(port),
        "HUB_ISSUER": f"http://127.0.0.1:{port}",
        "OHMYGPT_API_BASE": f"http://{ground.stub}",
    }
    seed = [sys.executable, "-m", "benchmarks.relay.hub_seed"]
    token = subprocess.run(seed, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout.strip()
    serve = [sys.executable, "-m", "oauth_app.cli.main", "serve", "--log-level", "warning"]
    with running(pinned(CORE, serve), port, log=folder / "log", environment=environment) as process:
        commit = output("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
        headers = (f"Authorization: Bearer {token}",)
        yield Contender(name="hub", port=port, process=process, version=f"hub {commit}", headers=headers)


@contextmanager
def nginx(ground: Ground) -> Iterator[Contender]:
    """Run nginx with ``proxy_pass`` and connections that are kept open."""
    folder, port = ground.folder, free_port()
    file = folder / "nginx.conf"
    file.write_text(_NGINX.format(folder=folder, stub=ground.stub, port=port))
    command = [program("nginx"), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(file)]
    with running(pinned(CORE, command), port, log=folder / "nginx.log") as process:
        version = output(program("nginx"), "-v")
        yield Contender(name="nginx", port=port, process=process, version=version.partition(": ")[2])


@contextmanager
def go(ground: Ground) -> Iterator[Contender]:
    """Run Go's ``httputil.ReverseProxy`` on one thread."""
    port = free_port()
    command = [ground.peers.programs / "proxy", f"127.0.0.1:{port}", f"http://{ground.stub}"]
    environment = {**os.environ, "GOMAXPROCS": "1"}
    with running(pinned(CORE, command), port, log=ground.folder / "go.log", environment=environment) as process:
        version = output(str(ground.peers.folder / "go" / "bin" / "go"), "version")
        yield Contender(name="Go", port=port, process=process, version=version.removeprefix("go version "))


@contextmanager
def portkey(ground: Ground) -> Iterator[Contender]:
    """Run Portkey's gateway; it listens on every interface and cannot be told otherwise."""
    start, port = ground.peers.portkey(), free_port()
    command = [program("node"), start, f"--port={port}", "--headless"]
    headers = (
        "Authorization: Bearer bench",
        "x-portkey-provider: openai",
        f"x-portkey-custom-host: http://{ground.stub}/v1",
    )
    with running(pinned(CORE, command), port, log=ground.folder / "portkey.log") as process:
        version = f"Portkey 1.15.2 on node {output('node', '--version')}"
        yield Contender(name="Portkey", port=port, process=process, version=version, headers=headers)


@contextmanager
def litellm(ground: Ground) -> Iterator[Contender]:
    """Run LiteLLM's proxy with a master key, without a database."""
    place, port = ground.peers.python_package("litellm", LITELLM), free_port()
    file = ground.folder / "litellm.yaml"
    file.write_text(_LITELLM.format(stub=ground.stub))
    command = [place / "litellm", "--config", file, "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    local = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "DO_NOT_TRACK": "1"}
    log = ground.folder / "litellm.log"
    with running(pinned(CORE, command), port, log=log, environment={**os.environ, **local}) as process:
        headers = ("Authorization: Bearer sk-bench",)
        yield Contender(name="LiteLLM", port=port, process=process, version=LITELLM, headers=headers)


@contextmanager
def running_stub(folder: Path, peers: Peers) -> Iterator[str]:
    """Run the upstream on the other core; yield its host and port."""
    port = free_port()
    command = pinned(OTHER_CORE, [peers.programs / "stub", f"127.0.0.1:{port}"])
    with running(command, port, log=folder / "stub.log", environment={**os.environ, "GOMAXPROCS": "1"}):
        yield f"127.0.0.1:{port}"


def output(name: str, *arguments: str) -> str:
    """Return what a program prints."""
    done = subprocess.run([program(name), *arguments], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


CONTENDERS: dict[str, Start] = {"hub": hub, "go": go, "nginx": nginx, "portkey": portkey, "litellm": litellm}
