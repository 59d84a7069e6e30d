"""What the guides say is what the examples hold, and every address in them answers."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import requests

from oauth_app.cli.main import main
from tests.conftest import ROOT
from tests.fixtures.live import LiveHub

GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
PLACEHOLDER = "https://connect.example.com"
#: Examples whose files a guide shows; the shop is a whole site, and stands for itself.
EXAMPLES = [
    file
    for file in sorted((ROOT / "examples").rglob("*"))
    if file.is_file() and "partner_site" not in file.parts and "__pycache__" not in file.parts
]
CONFIGURATIONS = [file for file in EXAMPLES if file.suffix in {".env", ".cfg", ".conf", ".html"}]
_BLOCK = re.compile(r"^`(examples/[^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown() -> dict[str, str]:
    """Return what the guides show of each file."""
    return {path: code for guide in GUIDES for path, code in _BLOCK.findall(guide.read_text("utf-8"))}


def test_the_guides_show_the_examples() -> None:
    """Each file under examples/ stands in a guide, letter for letter, so that what is read is what was run."""
    assert shown() == {file.relative_to(ROOT).as_posix(): file.read_text("utf-8") for file in EXAMPLES}


def test_the_guides_registrations_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command in a guide that registers a site does so, and prints its client_id."""
    monkeypatch.setenv("HUB_INSTANCE", str(tmp_path))
    commands = {
        line for guide in GUIDES for line in re.findall(r"python3 app.py (partners .+)", guide.read_text("utf-8"))
    }
    answers = [_type("db", "upgrade"), *(_type(*shlex.split(command)) for command in sorted(commands))]
    assert set(answers) == {0}
    assert capsys.readouterr().out.count("ptn_") >= len(commands) > 5


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_the_guides_links_lead_somewhere(guide: Path, module_hub: LiveHub) -> None:
    """Every link to another guide is right, here and on the hub's own pages, which name the hub's own address."""
    links = re.findall(r"\]\(([^)#]+\.md)\)", guide.read_text("utf-8"))
    assert [link for link in links if not (guide.parent / link).is_file()] == []
    address = f"{module_hub.url}/docs/guides/{'' if guide.stem == 'README' else guide.stem}"
    page = requests.get(address, timeout=10)
    inside = re.findall(r"<article.*</article>", page.text, re.DOTALL)[0]
    hrefs = [href for href in re.findall(r'href="([^"]+)"', inside) if not href.startswith("http")]
    answers = {href: requests.get(requests.compat.urljoin(address, href), timeout=10).status_code for href in hrefs}
    assert set(answers.values()) == {200}
    assert PLACEHOLDER not in inside


def test_an_unknown_guide_is_not_there(module_hub: LiveHub) -> None:
    """Only guides are shown, whatever is asked for."""
    for name in ("nothing", "..%2Fsign-in-button", "%2e%2e%2f%2e%2e%2fREADME", "flask.md"):
        assert requests.get(f"{module_hub.url}/docs/guides/{name}", timeout=10).status_code == 404


@pytest.mark.parametrize("file", CONFIGURATIONS, ids=lambda file: file.name)
def test_the_hubs_addresses_in_a_configuration_answer(file: Path, module_hub: LiveHub) -> None:
    """Each address in it is there; an issuer's by a discovery document that names it, the relay's by its refusal."""
    for address in re.findall(rf"{re.escape(PLACEHOLDER)}[^\s\"']*", file.read_text("utf-8")):
        path = address.removeprefix(PLACEHOLDER)
        if path == "/v1":  # where packages add the rest; without a token the relay refuses
            assert requests.get(f"{module_hub.url}/v1/models", timeout=10).status_code == 401
            continue
        answer = requests.get(module_hub.url + (path or "/.well-known/openid-configuration"), timeout=10)
        assert answer.status_code == 200, address
        if "openid-configuration" in answer.url:
            assert answer.json()["issuer"] == module_hub.url


def test_the_settings_ask_what_the_hub_offers(module_hub: LiveHub) -> None:
    """The scopes, the PKCE method and the claims of the chat programs and the proxy are ones that the hub announces."""
    offered = requests.get(f"{module_hub.url}/.well-known/openid-configuration", timeout=10).json()
    web_ui = _read_env(ROOT / "examples/open_webui/open-webui.env")
    chat = _read_env(ROOT / "examples/librechat/librechat.env")
    proxy = tomllib.loads((ROOT / "examples/nginx/oauth2-proxy.cfg").read_text("utf-8"))
    scopes = {*web_ui["OAUTH_SCOPES"].split(), *chat["OPENID_SCOPE"].split(), *proxy["scope"].split()}
    claims = {web_ui["OAUTH_USERNAME_CLAIM"], web_ui["OAUTH_EMAIL_CLAIM"], chat["OPENID_NAME_CLAIM"]}
    methods = {web_ui["OAUTH_CODE_CHALLENGE_METHOD"], proxy["code_challenge_method"]}
    assert scopes <= set(offered["scopes_supported"])
    assert claims | {chat["OPENID_USERNAME_CLAIM"]} <= set(offered["claims_supported"])
    assert methods <= set(offered["code_challenge_methods_supported"])


def test_the_django_settings_name_the_hubs_endpoints(module_hub: LiveHub) -> None:
    """Django's library does not read the discovery document; what is written out agrees with it."""
    offered = requests.get(f"{module_hub.url}/.well-known/openid-configuration", timeout=10).json()
    written = (ROOT / "examples/django_oidc/settings.py").read_text("utf-8")
    paths = re.findall(r'^OIDC_OP_\w+ = f"\{OIDC_ISSUER\}(\S+)"', written, re.MULTILINE)
    assert len(paths) == 4
    assert {module_hub.url + path for path in paths} <= {str(value) for value in offered.values()}


def _type(*words: str) -> int:
    with pytest.raises(SystemExit) as leaving:
        main(words)
    return int(leaving.value.code or 0)


def _read_env(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text("utf-8").splitlines())
