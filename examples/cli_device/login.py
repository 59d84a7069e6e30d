"""Sign in with OhMyGPT from a terminal: the device flow (RFC 8628), with Python's standard library alone.

OIDC_ISSUER=https://connect.example.com OIDC_CLIENT_ID=... python login.py
"""

import json
import os
import sys
import time
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

try:
    import segno  # optional: it draws the QR code
except ImportError:
    segno = None

Answer = dict[str, Any]
ISSUER, CLIENT_ID = os.environ["OIDC_ISSUER"], os.environ["OIDC_CLIENT_ID"]
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def ask(url: str, form: dict[str, str] | None = None, token: str = "") -> tuple[int, Answer]:
    """Return (status, JSON answer)."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = Request(url, data=urlencode(form).encode() if form else None, headers=headers)
    try:
        with urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)


def show(device: Answer) -> None:
    """Tell the person where to go; a QR code is there if `segno` is installed."""
    print(f"Open  {device['verification_uri']}\nEnter {device['user_code']}\n", flush=True)
    if segno:
        segno.make(device.get("verification_uri_complete", device["verification_uri"])).terminal(compact=True)


def wait_for_tokens(endpoint: str, device: Answer) -> Answer:
    """Ask, at the pace we are told, until the person has decided or the code has expired."""
    pause = device.get("interval", 5)
    while True:
        time.sleep(pause)
        form = {"grant_type": DEVICE_GRANT, "device_code": device["device_code"], "client_id": CLIENT_ID}
        status, answer = ask(endpoint, form)
        if status == 200:
            return answer
        if answer["error"] == "slow_down":
            pause += 5
        elif answer["error"] != "authorization_pending":  # access_denied, expired_token
            sys.exit(f"Not signed in: {answer.get('error_description') or answer['error']}")


metadata = ask(f"{ISSUER}/.well-known/openid-configuration")[1]
wish = {"client_id": CLIENT_ID, "scope": "openid profile email"}
status, device = ask(metadata["device_authorization_endpoint"], wish)
if status != 200:
    sys.exit(f"Not possible: {device.get('error_description') or device['error']}")
show(device)
tokens = wait_for_tokens(metadata["token_endpoint"], device)
person = ask(metadata["userinfo_endpoint"], token=tokens["access_token"])[1]
print(f"Hello {person['name']}")
