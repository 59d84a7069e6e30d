"""Each example of a site with a server, running."""

from collections.abc import Iterator

import pytest

from tests.fixtures.live import LiveHub
from tests.fixtures.node_clients import NodeClients
from tests.guides.auth_js import serve_auth_js
from tests.guides.programs import EXAMPLES, Program, free_port, python, running, settings_for


@pytest.fixture(scope="module")
def flask_site(module_hub: LiveHub) -> Iterator[Program]:
    """Run the Flask example."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = python("-m", "flask", "--app", "app", "run", "--port", str(port))
    with running(command, EXAMPLES / "flask_authlib", url, settings_for(module_hub, f"{url}/callback")):
        yield Program(url=url, live=module_hub)


@pytest.fixture(scope="module")
def fastapi_site(module_hub: LiveHub) -> Iterator[Program]:
    """Run the FastAPI example."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = python("-m", "uvicorn", "main:app", "--port", str(port))
    with running(command, EXAMPLES / "fastapi_authlib", url, settings_for(module_hub, f"{url}/callback")):
        yield Program(url=url, live=module_hub)


@pytest.fixture(scope="module")
def django_site(module_hub: LiveHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Run the Django example."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    database = tmp_path_factory.mktemp("django") / "db"
    environment = settings_for(module_hub, f"{url}/oidc/callback/", DATABASE=str(database))
    command = python("-c", _MIGRATE_AND_RUN, str(port))
    with running(command, EXAMPLES / "django_oidc", url, environment):
        yield Program(url=url, live=module_hub)


#: What a reader types as two commands, in one process: Django is slow to start.
_MIGRATE_AND_RUN = """
import runpy, sys
port = sys.argv[1]
for arguments in (["migrate", "--verbosity", "0"], ["runserver", port, "--noreload"]):
    sys.argv = ["manage.py", *arguments]
    runpy.run_path("manage.py", run_name="__main__")
"""


@pytest.fixture(scope="module")
def auth_js_site(module_hub: LiveHub, node_clients: NodeClients) -> Iterator[Program]:
    """Run the configuration of the Next.js example."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = settings_for(module_hub, f"{url}/api/auth/callback/ohmygpt", PORT=str(port), AUTH_SECRET="s" * 32)
    with serve_auth_js(node_clients, url, environment):
        yield Program(url=url, live=module_hub)
