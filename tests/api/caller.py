"""A partner's program that calls the partner API."""

import base64
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

CHARGES = "/hub/v1/charges"
TOP_UPS = "/hub/v1/top-ups"


def basic(client_id: str, secret: str | None) -> str:
    """Return the header of client authentication."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Calls with one set of credentials."""

    client: FlaskClient
    authorization: str = field(repr=False)

    def get(self, path: str) -> TestResponse:
        """Read something."""
        return self.client.get(path, headers={"Authorization": self.authorization})

    def post(self, path: str, body: Any, key: str | None = "order-1") -> TestResponse:  # noqa: ANN401 - JSON
        """Do something under an idempotency key."""
        headers = {"Authorization": self.authorization} | ({} if key is None else {"Idempotency-Key": key})
        return self.client.post(path, json=body, headers=headers)

    def charge(self, key: str | None = "order-1", **fields: Any) -> TestResponse:  # noqa: ANN401 - JSON
        """Charge 10.01 units, unless told otherwise."""
        return self.post(CHARGES, {"amount": 10_01, "asset": "OMG", "description": "Stickers"} | fields, key)

    def top_up(self, key: str | None = "top-1", **fields: Any) -> TestResponse:  # noqa: ANN401 - JSON
        """Open an order over 10.00 CNY, unless told otherwise."""
        return self.post(TOP_UPS, {"amount": 10_00} | fields, key)


def code_of(answer: TestResponse) -> tuple[int, str]:
    """Return status and code of a problem."""
    assert answer.content_type == "application/problem+json"
    return answer.status_code, answer.get_json()["code"]
