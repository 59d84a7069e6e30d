"""The Next.js example's configuration under ``@auth/core``, which next-auth is made of, without a build of Next.js."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tests.conftest import ROOT
from tests.fixtures.node_clients import NodeClients
from tests.guides.programs import EXAMPLES, running


@contextmanager
def serve_auth_js(clients: NodeClients, url: str, environment: dict[str, str]) -> Iterator[None]:
    """Serve it; the configuration is the very file of the guide, copied to where the packages are."""
    shutil.copy(EXAMPLES / "nextjs" / "auth.config.js", clients.folder)
    shutil.copy(ROOT / "tests" / "guides" / "auth_server.mjs", clients.folder)
    with running([str(clients.node), "auth_server.mjs"], clients.folder, f"{url}/api/auth/providers", environment):
        yield
