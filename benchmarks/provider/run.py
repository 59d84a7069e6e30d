"""The hub against npm's oidc-provider: the same core, the same requests, in turns.

    .venv/bin/python benchmarks/provider/run.py --rounds 5 --requests 1000

Needs Linux with two cores or more, taskset, node and npm. Everything stays on the loopback interface and in a temporary
folder; what it starts it stops. Prints the table that README.md shows.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from contenders import CALLBACK, ROOT, VERIFIER, Contender, install_peer, running_hub, running_peer
from loader import Ask, Connection, Measured, expect, measure

_CONNECTIONS = 8
_PORTS = {"hub": 8790, "full": 8794, "memory": 8796}


class Site:
    """What a partner's server and its visitor do at one provider."""

    def __init__(self, contender: Contender) -> None:
        self.at = contender

    async def code(self, connection: Connection) -> str:
        """Send the browser to the provider; it comes back at once."""
        answer = expect(await connection.get(self.at.authorize, self.at.cookie), 302, 303)
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    async def tokens(self, connection: Connection, **form: str) -> dict[str, str]:
        """Ask the token endpoint."""
        answer = expect(await connection.post(self.at.paths["token_endpoint"], self.at.credentials | form), 200)
        tokens: dict[str, str] = json.loads(answer.body)
        return tokens

    async def exchange(self, connection: Connection, code: str) -> dict[str, str]:
        """Exchange a code."""
        return await self.tokens(
            connection, grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=VERIFIER
        )

    async def userinfo(self, connection: Connection, access_token: str) -> None:
        """Ask who it is."""
        header = f"Authorization: Bearer {access_token}\r\n"
        expect(await connection.get(self.at.paths["userinfo_endpoint"], header), 200)

    async def introspect(self, connection: Connection, access_token: str) -> None:
        """Ask about a token."""
        form = self.at.credentials | {"token": access_token}
        answer = expect(await connection.post(self.at.paths["introspection_endpoint"], form), 200)
        assert json.loads(answer.body)["active"]  # noqa: S101 - a measurement of refusals would be worth nothing


Rows = Sequence[Sequence[Ask]]


async def client_credentials(site: Site, count: int) -> Rows:
    """A server asks for a token of its own."""
    return _rows(count, lambda c: site.tokens(c, grant_type="client_credentials"))


async def authorize(site: Site, count: int) -> Rows:
    """The browser of somebody who is signed in and has agreed comes by."""
    return _rows(count, site.code)


async def code_exchange(site: Site, count: int) -> Rows:
    """Codes that were made before, each exchanged once: access, refresh and id_token."""
    codes: list[str] = []

    async def make(connection: Connection) -> None:
        codes.append(await site.code(connection))

    await measure(site.at.port, site.at.process, _rows(count, make))
    return _rows(count, lambda c: site.exchange(c, codes.pop()))


async def refresh(site: Site, count: int) -> Rows:
    """Each connection exchanges its refresh token for the next one, and so on."""
    async with Connection(site.at.port) as connection:
        first = [await site.exchange(connection, await site.code(connection)) for _ in range(_CONNECTIONS)]

    def row(tokens: dict[str, str]) -> Sequence[Ask]:
        async def ask(connection: Connection) -> None:
            nonlocal tokens
            tokens = await site.tokens(connection, grant_type="refresh_token", refresh_token=tokens["refresh_token"])

        return [ask] * (count // _CONNECTIONS)

    return [row(tokens) for tokens in first]


async def introspection(site: Site, count: int) -> Rows:
    """A server asks about an access token."""
    token = await _access_token(site)
    return _rows(count, lambda c: site.introspect(c, token))


async def userinfo(site: Site, count: int) -> Rows:
    """A server asks who the user is."""
    token = await _access_token(site)
    return _rows(count, lambda c: site.userinfo(c, token))


async def full_login(site: Site, count: int) -> Rows:
    """Three requests, counted as one: the browser comes by, the code is exchanged, the user asked for."""

    async def ask(connection: Connection) -> None:
        tokens = await site.exchange(connection, await site.code(connection))
        await site.userinfo(connection, tokens["access_token"])

    return _rows(count // 2, ask)


LOADS: tuple[Callable[[Site, int], Awaitable[Rows]], ...] = (
    client_credentials,
    authorize,
    code_exchange,
    refresh,
    introspection,
    userinfo,
    full_login,
)


def _rows(count: int, ask: Callable[[Connection], Awaitable[object]]) -> Rows:
    return [[ask] * (count // _CONNECTIONS)] * _CONNECTIONS  # type: ignore[list-item]


async def _access_token(site: Site) -> str:
    async with Connection(site.at.port) as connection:
        return (await site.exchange(connection, await site.code(connection)))["access_token"]


async def compete(contenders: Sequence[Contender], rounds: int, count: int) -> dict[tuple[str, str], list[Measured]]:
    """Let each do each load in turn, round after round; the first round warms up and is thrown away."""
    results: dict[tuple[str, str], list[Measured]] = {}
    for turn in range(rounds + 1):
        for load in LOADS:
            for contender in contenders[:: 1 if turn % 2 else -1]:
                rows = await load(Site(contender), count)
                done = await measure(contender.port, contender.process, rows)
                if turn:
                    results.setdefault((load.__name__, contender.name), []).append(done)
        print(f"round {turn} of {rounds} is done", file=sys.stderr)
    return results


def table(results: dict[tuple[str, str], list[Measured]], names: Sequence[str]) -> str:
    """Return the medians and ratios in Markdown."""
    hub, *others = names
    titles = [*(f"{name} /s" for name in names), *(f"hub : {name}" for name in others), *(f"{n} CPU ms" for n in names)]
    lines = [f"| load | {' | '.join(titles)} |", "| --- |" + " ---: |" * len(titles)]
    for load in LOADS:
        speed = {n: statistics.median(m.requests_per_second for m in results[load.__name__, n]) for n in names}
        cpu = {n: statistics.median(m.cpu_ms_per_request for m in results[load.__name__, n]) for n in names}
        cells = [f"{speed[n]:.0f}" for n in names]
        cells += [f"**{speed[hub] / speed[n]:.2f}**" for n in others]
        cells += [f"{cpu[n]:.2f}" for n in names]
        lines.append(f"| {load.__name__.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1000, help="a load, a round")
    parser.add_argument("--folder", type=Path, help="where the peer is installed and the databases are made")
    options = parser.parse_args()
    with ExitStack() as stack:
        top = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        install_peer(top / "peer")
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=top)))
        hub_folder = scratch / "hub"
        hub_folder.mkdir()
        os.sched_setaffinity(0, {1})
        contenders = [
            stack.enter_context(running_hub(hub_folder, 0, _PORTS["hub"])),
            stack.enter_context(running_peer(scratch, 0, _PORTS["full"], "full")),
            stack.enter_context(running_peer(scratch, 0, _PORTS["memory"], "memory")),
        ]
        results = asyncio.run(compete(contenders, options.rounds, options.requests))
    print(_versions())
    print(table(results, [contender.name for contender in contenders]))


def _versions() -> str:
    commit = _output("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    return f"commit {commit}, Python {platform.python_version()}, Node {_output('node', '--version')}"


def _output(program: str, *arguments: str) -> str:
    found = shutil.which(program) or program
    return subprocess.run([found, *arguments], capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    main()
