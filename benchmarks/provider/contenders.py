"""The two providers: started on one core, signed in at, and stopped."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(__file__).parent / "peer"
CALLBACK = "https://rp.example/callback"
SCOPE = "openid email offline_access"
#: From RFC 7636 appendix B; the providers do not mind that it is always the same.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_START_S = 180
_MOST_PAGES = 12


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A running provider, with a client of it and a browser that is signed in."""

    name: str
    port: int
    process: int
    client_id: str
    client_secret: str
    #: Path of each endpoint, by the name that the metadata has for it.
    paths: dict[str, str]
    cookie: str

    @property
    def credentials(self) -> dict[str, str]:
        """The client's, as fields of a form (client_secret_post)."""
        return {"client_id": self.client_id, "client_secret": self.client_secret}

    @property
    def authorize(self) -> str:
        """The address behind the sign-in button, with a path only."""
        return authorize_path(self.paths["authorization_endpoint"], self.client_id)


def authorize_path(endpoint: str, client_id: str) -> str:
    """Return what a browser is sent to."""
    query = f"client_id={client_id}&redirect_uri={CALLBACK}&response_type=code&scope={SCOPE.replace(' ', '%20')}"
    return f"{endpoint}?{query}&state=s&nonce=n&code_challenge={CHALLENGE}&code_challenge_method=S256"


@contextmanager
def running_hub(folder: Path, core: int, port: int) -> Iterator[Contender]:
    """Run the hub, in front of a sandbox that is asked once: when alice signs in."""
    environment = {
        **os.environ,
        "HUB_INSTANCE": str(folder),
        "HUB_PORT": str(port),
        "SANDBOX_PORT": str(port + 1),
        "HUB_ISSUER": f"http://127.0.0.1:{port}",
    }
    app = [sys.executable, "-m", "oauth_app.cli.main"]
    subprocess.run([*app, "db", "upgrade"], cwd=ROOT, env=environment, check=True, capture_output=True)
    with ExitStack() as stack:
        stack.enter_context(_running([*app, "sandbox"], environment, f"http://127.0.0.1:{port + 1}/"))
        serve = [*_pinned(core), *app, "serve", "--log-level", "warning"]
        process = stack.enter_context(_running(serve, environment, f"http://127.0.0.1:{port}/livez"))
        grants = ["authorization_code", "refresh_token", "client_credentials"]
        options = [option for grant in grants for option in ("--grant-type", grant)]
        create = [*app, "partners", "create", "--name", "Bench", "--redirect-uri", CALLBACK, *options, "--json"]
        partner = json.loads(subprocess.run(create, cwd=ROOT, env=environment, check=True, capture_output=True).stdout)
        yield _sign_in("hub", port, process, partner)


@contextmanager
def running_peer(folder: Path, core: int, port: int, durability: str) -> Iterator[Contender]:
    """Run npm's oidc-provider, on SQLite with the hub's durability (``full``), or in ``memory``."""
    node = shutil.which("node") or "node"
    command = [*_pinned(core), node, "server.mjs", str(port), str(folder / "peer.db"), durability]
    with _running(command, dict(os.environ), f"http://127.0.0.1:{port}/jwks", cwd=folder.parent / "peer") as process:
        client = {"client_id": "bench", "client_secret": "bench-secret-bench-secret-bench-secret"}
        yield _sign_in(f"oidc-provider, {durability}", port, process, client)


def install_peer(folder: Path) -> None:
    """Install the peer from its lock; better-sqlite3 may have to be compiled, which takes two minutes."""
    shutil.copytree(PEER, folder, dirs_exist_ok=True)
    if not (folder / "node_modules" / ".package-lock.json").is_file():
        subprocess.run([shutil.which("npm") or "npm", "ci"], cwd=folder, check=True)


def _pinned(core: int) -> list[str]:
    return [shutil.which("taskset") or "taskset", "-c", str(core)]


@contextmanager
def _running(command: list[str], environment: dict[str, str], url: str, cwd: Path = ROOT) -> Iterator[int]:
    with subprocess.Popen(command, env=environment, cwd=cwd, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(url, process)
            yield process.pid
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            requests.get(url, timeout=_START_S)
        except requests.ConnectionError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _sign_in(name: str, port: int, process: int, client: dict[str, str]) -> Contender:
    """Sign alice in and let her agree, in a browser that fills in every form it meets."""
    base = f"http://127.0.0.1:{port}"
    with requests.Session() as browser:
        metadata = browser.get(f"{base}/.well-known/openid-configuration", timeout=10).json()
        paths = {key: urlsplit(url).path for key, url in metadata.items() if key.endswith("_endpoint")}
        start = base + authorize_path(paths["authorization_endpoint"], client["client_id"])
        page = browser.get(start, timeout=10, allow_redirects=False)
        for _ in range(_MOST_PAGES):
            if (page.headers.get("Location") or "").startswith(CALLBACK):
                break
            page = _next_page(browser, page)
        # A cookie is the same for each port: what the sandbox has set goes along, and is not read.
        cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies if cookie.path == "/")
    return Contender(
        name=name,
        port=port,
        process=process,
        client_id=client["client_id"],
        client_secret=client["client_secret"],
        paths=paths,
        cookie=f"Cookie: {cookie}\r\n",
    )


def _next_page(browser: requests.Session, page: requests.Response) -> requests.Response:
    if page.is_redirect:
        return browser.get(urljoin(page.url, page.headers["Location"]), timeout=10, allow_redirects=False)
    forms = _Forms()
    forms.feed(page.text)
    action, fields = next((a, f) for a, f in forms.found if f.keys() & {"password", "decision"})
    known = {"email": "alice@example.com", "password": "sandbox"}
    known["decision"] = "agree" if "consent" in action else "approve"
    answers = {name: known.get(name, value) for name, value in fields.items()}
    return browser.post(urljoin(page.url, action), data=answers, timeout=10, allow_redirects=False)


class _Forms(HTMLParser):
    """The forms of a page: where each goes, and its fields."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), {}))
        elif tag in {"input", "button"} and given.get("name") and self.found:
            self.found[-1][1][given["name"]] = given.get("value", "")
