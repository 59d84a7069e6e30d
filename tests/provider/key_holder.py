"""A partner's server that proves itself by a key of its own (RFC 7523 2.2)."""

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, Key
from werkzeug.test import TestResponse

from oauth_app.provider.client_assertions import ASSERTION_TYPE
from oauth_app.provider.jws import REGISTRY
from tests.provider.partner import ISSUER


def make_key(key_id: str = "k1") -> ECKey:
    """Return a fresh key."""
    return ECKey.generate_key("P-256", {"kid": key_id})


def public_jwks(*keys: Key) -> dict[str, Any]:
    """Return what a partner gives of its keys."""
    return {"keys": [dict(key.as_dict(private=False)) for key in keys]}


@dataclass
class KeyHolder:
    """One server with one key."""

    app: Flask
    client_id: str
    key: Key
    algorithm: str = "ES256"
    header: dict[str, Any] = field(default_factory=dict)

    def assertion(self, **changes: Any) -> str:  # noqa: ANN401 - claims
        """Return an assertion; ``changes`` replace what a good client signs, and None leaves it out."""
        now = int(time.time())
        good = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": ISSUER,
            "iat": now,
            "exp": now + 60,
            "jti": uuid.uuid4().hex,
        }
        claims = {name: value for name, value in (good | changes).items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.key.kid} | self.header
        return jwt.encode(header, claims, self.key, registry=REGISTRY)

    def ask(self, assertion: str | None = None, path: str = "/oauth/token", **fields: str) -> TestResponse:
        """Ask an endpoint with a fresh assertion, or with the one given."""
        shown = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion or self.assertion()}
        form = {"grant_type": "client_credentials"} | shown | fields
        return self.app.test_client().post(path, data={name: value for name, value in form.items() if value})

    def is_proven(self, assertion: str | None = None, **fields: str) -> bool:
        """Tell whether the token endpoint takes it; else the answer must be that the client is not proven."""
        answer = self.ask(assertion, **fields)
        if answer.status_code == 200:
            return True
        assert (answer.status_code, json.loads(answer.data)["error"]) == (401, "invalid_client"), answer.text
        return False
