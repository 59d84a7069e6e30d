"""Makes a user who has agreed to AI calls, and prints the access token; settings come from the environment."""

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub, make_hub
from oauth_app.identifiers import Kind, TokenKind, new_id, new_token
from oauth_app.models import User
from oauth_app.provider.tokens import Family, keep_access_token
from oauth_app.services.connections import connect
from oauth_app.services.consent import Agreement, Limits, agree
from oauth_app.services.partners import create_partner
from oauth_app.services.registration import Registration
from oauth_app.services.schema import upgrade_schema
from oauth_app.services.scopes import ALL_SCOPES
from oauth_app.settings import load_settings


def seed(hub: Hub) -> str:
    """Fill the empty database, as the services do it after a sign-in and a consent."""
    token, user_id, now = new_token(TokenKind.ACCESS), new_id(Kind.USER), clock.now()
    with transaction(hub.engine) as session:
        wish = Registration(name="Bench", redirect_uris=["https://bench.example/callback"])
        partner_id = create_partner(session, wish).client_id
        session.add(User(id=user_id, upstream_user_id=user_id, email="b@example.com", created_at=now, signed_in_at=now))
        session.flush()  # the connection names it
        connect(session, hub.vault, user_id, "omg-oat-v1-BenchBenchBenchBenchBen1")
        limits = Limits(per_charge=68_000_000, per_month=340_000_000)
        consent = agree(session, Agreement(user_id=user_id, partner_id=partner_id, scopes=ALL_SCOPES, limits=limits))
        family = Family(id=new_id(Kind.FAMILY), consent_id=consent.id, partner_id=partner_id, signed_in_at=now)
        keep_access_token(session, family, token, " ".join(ALL_SCOPES))
    return token


def main() -> None:
    """Make the tables and fill them."""
    hub = make_hub(load_settings())
    upgrade_schema(hub.engine)
    print(seed(hub))
    hub.close()


if __name__ == "__main__":
    main()
