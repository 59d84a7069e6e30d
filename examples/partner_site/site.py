"""A small shop that signs people in with OhMyGPT, sells to them and lets them chat at their own expense.

It is meant to be copied. Everything it uses is standard: Authlib as OpenID Connect client, plain JSON for
the money, and the unmodified ``openai`` package for the models.

    OIDC_ISSUER=https://connect.example.com OIDC_CLIENT_ID=... OIDC_CLIENT_SECRET=... python site.py
"""

import os
import secrets
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import wraps
from typing import Any

import openai
from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, Response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from requests import RequestException

ISSUER = os.environ["OIDC_ISSUER"]
SCOPES = "openid profile email offline_access balance:read charges:write topups:write api"
PRICE = 34_000_00  # hundredths of an OhMyGPT unit: 34 000.00 units are 1.00 CNY
TOP_UP = 20_00  # hundredths of a CNY
MODEL = "gpt-4o-mini"

#: Customer by the random number in their cookie. A real shop keeps this in its database; what matters is
#: that the tokens stay here and never reach the browser.
customers: dict[str, dict[str, Any]] = {}


def customer() -> dict[str, Any] | None:
    """Return who is signed in."""
    return customers.get(session.get("customer", ""))


def read_token(_name: str) -> dict[str, Any] | None:
    """Hand Authlib the customer's token."""
    return customer()["token"] if customer() else None


def keep_token(_name: str, token: dict[str, Any], **_old: str) -> None:
    """Keep what Authlib got for a refresh token."""
    customer()["token"].update(token)


app = Flask(__name__)
app.secret_key = os.environ.get("SHOP_SECRET_KEY") or secrets.token_hex(32)
# Lax: another site cannot make a signed-in customer's browser post our forms.
app.config.update(SESSION_COOKIE_NAME="shop_session", SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True)
ohmygpt = OAuth(app, fetch_token=read_token, update_token=keep_token).register(
    "ohmygpt",
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_id=os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
    client_kwargs={"scope": SCOPES, "code_challenge_method": "S256", "default_timeout": 30},
)


def hub(method: str, path: str, **kwargs: object) -> tuple[int, dict[str, Any]]:
    """Call the hub's API for the customer; Authlib refreshes an expired token on the way."""
    answer = ohmygpt.request(method, f"{ISSUER}/hub/v1/{path}", timeout=30, **kwargs)
    return answer.status_code, answer.json()


def for_customers(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Send people who are not signed in, or are no longer, to the front page."""

    @wraps(view)
    def guarded() -> ResponseReturnValue:
        if not customer():
            return redirect(url_for("front"))
        try:
            return view()
        except (OAuthError, RequestException) as problem:
            return page("message.html", title="OhMyGPT did not answer", text=str(problem)), 502

    return guarded


def page(template: str, **values: object) -> str:
    """Render a page for whoever is signed in."""
    return render_template(template, customer=customer(), issuer=ISSUER, **values)


@app.template_filter()
def cny(units: int) -> str:
    """Write hundredths of a unit in CNY, exactly: 3400000 is 1.00."""
    return f"{(Decimal(units) / PRICE).quantize(Decimal('0.01')):,}"


@app.get("/")
def front() -> ResponseReturnValue:
    """Show the shop; the number in the buy form is what makes one press and two presses one purchase."""
    if not customer():
        return page("front.html")
    status, balance = hub("GET", "balance")
    if status == 401:
        session.clear()
        return page("message.html", title="You are disconnected", text="Sign in again to go on.")
    return page("shop.html", price=PRICE, balance=balance.get("ohmygpt"), order=secrets.token_hex(16))


@app.post("/login")
def login() -> ResponseReturnValue:
    """Start OpenID Connect; Authlib makes state, nonce and the PKCE pair."""
    return ohmygpt.authorize_redirect(url_for("callback", _external=True))


@app.get("/callback")
def callback() -> ResponseReturnValue:
    """Take the answer, check the id_token, and remember the customer."""
    try:
        token = ohmygpt.authorize_access_token()
        person = ohmygpt.userinfo(token=token)
    except OAuthError as problem:
        text = problem.description or problem.error
        return page("message.html", title="You are not signed in", text=text), 400
    session["customer"] = secrets.token_urlsafe(32)
    customers[session["customer"]] = {"token": token, "name": person.get("name"), "email": person.get("email")}
    return redirect(url_for("front"))


@app.post("/logout")
@for_customers
def logout() -> ResponseReturnValue:
    """Give the tokens back and forget the customer."""
    token = customers.pop(session.pop("customer"))["token"]
    metadata = ohmygpt.load_server_metadata()
    with ohmygpt._get_oauth_client() as client:  # noqa: SLF001 - Authlib has no public call for it
        client.revoke_token(metadata["revocation_endpoint"], token=token.get("refresh_token", token["access_token"]))
    return redirect(url_for("front"))


@app.post("/buy")
@for_customers
def buy() -> ResponseReturnValue:
    """Charge the customer. The same order number always means the same purchase."""
    status, answer = hub(
        "POST",
        "charges",
        json={"amount": PRICE, "asset": "OMG", "description": "Sunrise postcard"},
        headers={"Idempotency-Key": request.form["order"]},
    )
    if status == 402:
        return page("too_little.html", top_up_url=answer.get("top_up_url")), 402
    if status in {200, 201}:
        return page("bought.html", charge=answer)
    wait = "Your purchase is being checked. You will not be charged twice."
    return page("message.html", title="Not yet" if status in {202, 409} else "Not possible",
                text=wait if status in {202, 409} else answer["detail"]), status  # fmt: skip


@app.post("/top-up")
@for_customers
def top_up() -> ResponseReturnValue:
    """Open an order at OhMyGPT and send the customer to its payment page."""
    order = {"provider": "ohmygpt", "kind": request.form["kind"], "amount": TOP_UP, "asset": "CNY"}
    status, answer = hub(
        "POST",
        "top-ups",
        json=order | {"return_url": url_for("front", _external=True)},
        headers={"Idempotency-Key": request.form["order"]},
    )
    if status in {200, 201}:
        return redirect(answer["url"])
    return page("message.html", title="Not possible", text=answer.get("detail", "")), status


@app.post("/chat")
@for_customers
def chat() -> ResponseReturnValue:
    """Stream a model's answer; the hub puts it on the customer's OhMyGPT bill."""
    hub("GET", "me")  # refreshes the token if it has expired
    client = openai.OpenAI(base_url=f"{ISSUER}/v1", api_key=customer()["token"]["access_token"])
    try:
        stream = client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": request.form["question"]}],
            stream=True,
            stream_options={"include_usage": True},  # so that the customer sees on the hub what it cost
        )
    except openai.APIStatusError as problem:
        return Response(problem.message, status=problem.status_code, mimetype="text/plain")
    return Response(words_of(stream), mimetype="text/plain")


def words_of(stream: openai.Stream[Any]) -> Iterator[str]:
    """Yield the words as they come; leaving the page ends the call, and so the cost."""
    with stream:
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", "8002")), threaded=True)
