"""Sign in with OhMyGPT: FastAPI and Authlib."""

import os
from html import escape

from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.middleware.sessions import SessionMiddleware

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key=os.environ["SECRET_KEY"], same_site="lax")
ohmygpt = OAuth().register(
    "ohmygpt",
    server_metadata_url=os.environ["OIDC_ISSUER"] + "/.well-known/openid-configuration",
    client_id=os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)


@app.get("/")
async def front(request: Request) -> HTMLResponse:
    """Greet whoever is signed in."""
    if user := request.session.get("user"):
        return HTMLResponse(f"Hello {escape(user['name'])}")
    return HTMLResponse('<a href="/login">Sign in with OhMyGPT</a>')


@app.get("/login")
async def login(request: Request) -> Response:
    """Send the browser to OhMyGPT; Authlib makes state, nonce and the PKCE pair."""
    return await ohmygpt.authorize_redirect(request, request.url_for("callback"))


@app.get("/callback")
async def callback(request: Request) -> Response:
    """Take the code, get the tokens, and check the id_token."""
    try:
        token = await ohmygpt.authorize_access_token(request)
    except OAuthError as problem:
        return HTMLResponse(f"You are not signed in: {escape(problem.description or problem.error)}", 400)
    person = await ohmygpt.userinfo(token=token)
    # Know people by `sub`: it is theirs for ever, and an e-mail address is not.
    request.session["user"] = {"sub": person["sub"], "name": person["name"], "email": person["email"]}
    return RedirectResponse("/")
