"""A client that holds a key and signs proofs of it (RFC 9449 4.2), as a client library does."""

import base64
import hashlib
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, Key
from werkzeug.test import TestResponse

from oauth_app.provider.jws import REGISTRY
from tests.provider.partner import ISSUER, TOKEN

USERINFO = f"{ISSUER}/oauth/userinfo"


@dataclass
class Prover:
    """One key, and the nonce that the hub last handed out."""

    #: None for one that speaks to a hub on a port.
    app: Flask | None = None
    key: Key = field(default_factory=lambda: ECKey.generate_key("P-256"))
    algorithm: str = "ES256"
    nonce: str = ""

    @property
    def thumbprint(self) -> str:
        """Return the name of the key."""
        return self.key.thumbprint()

    def proof(
        self,
        method: str,
        url: str,
        *,
        token: str | None = None,
        header: dict[str, Any] | None = None,
        **changes: Any,  # noqa: ANN401 - JSON
    ) -> str:
        """Return a proof; ``changes`` replace what a good client signs, and None leaves it out."""
        good = {"jti": uuid.uuid4().hex, "htm": method, "htu": url, "iat": int(time.time()), "nonce": self.nonce}
        if token is not None:
            good["ath"] = _base64(hashlib.sha256(token.encode()).digest())
        claims = {name: value for name, value in (good | changes).items() if value is not None}
        about = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.key.as_dict(private=False)} | (header or {})
        signed = f"{_write(about)}.{_write(claims)}"
        return f"{signed}.{_base64(REGISTRY.algorithms[self.algorithm].sign(signed.encode(), self.key))}"

    def learn_nonce(self) -> None:
        """Ask for a nonce, as a first request does."""
        answer = self._client().post("/oauth/token", headers={"DPoP": "none yet"})
        self.nonce = answer.headers["DPoP-Nonce"]

    def ask_token(self, form: dict[str, str], **changes: Any) -> TestResponse:  # noqa: ANN401 - JSON
        """Ask the token endpoint."""
        headers = {"DPoP": self.proof("POST", TOKEN, **changes)}
        return self._client().post("/oauth/token", data=form, headers=headers)

    def userinfo(self, token: str, *, scheme: str = "DPoP", proof: str | None = None, **changes: Any) -> TestResponse:  # noqa: ANN401 - JSON
        """Ask who the user is."""
        proof = self.proof("GET", USERINFO, **({"token": token} | changes)) if proof is None else proof
        headers = {"Authorization": f"{scheme} {token}"} | ({"DPoP": proof} if proof else {})
        return self._client().get("/oauth/userinfo", headers=headers)

    def _client(self) -> FlaskClient:
        assert self.app is not None
        return self.app.test_client()


def _write(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part).encode())


def _base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
