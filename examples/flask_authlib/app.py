"""Sign in with OhMyGPT: Flask and Authlib."""

import os

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, redirect, session, url_for
from flask.typing import ResponseReturnValue
from markupsafe import escape

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]
ohmygpt = OAuth(app).register(
    "ohmygpt",
    server_metadata_url=os.environ["OIDC_ISSUER"] + "/.well-known/openid-configuration",
    client_id=os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)


@app.get("/")
def front() -> str:
    """Greet whoever is signed in."""
    if "user" in session:
        return f'Hello {escape(session["user"]["name"])} <form method="post" action="/logout"><button>Sign out</button>'
    return '<a href="/login">Sign in with OhMyGPT</a>'


@app.get("/login")
def login() -> ResponseReturnValue:
    """Send the browser to OhMyGPT; Authlib makes state, nonce and the PKCE pair."""
    return ohmygpt.authorize_redirect(url_for("callback", _external=True))


@app.get("/callback")
def callback() -> ResponseReturnValue:
    """Take the code, get the tokens, and check the id_token."""
    try:
        token = ohmygpt.authorize_access_token()
    except OAuthError as problem:
        return f"You are not signed in: {escape(problem.description or problem.error)}", 400
    person = ohmygpt.userinfo(token=token)
    # Know people by `sub`: it is theirs for ever, and an e-mail address is not.
    session["user"] = {"sub": person["sub"], "name": person["name"], "email": person["email"]}
    return redirect(url_for("front"))


@app.post("/logout")
def logout() -> ResponseReturnValue:
    """Forget who it is."""
    session.clear()
    return redirect(url_for("front"))
