"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: PLR0915 - a list of tables
    """Go to this revision."""
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("may_be_negative", sa.Boolean(), nullable=False),
        sa.CheckConstraint("balance >= 0 OR may_be_negative", name=op.f("ck__account__not_overdrawn")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__account")),
        sa.UniqueConstraint("id", "asset", name=op.f("uq__account__id_asset")),
        sa.UniqueConstraint("kind", "owner", "asset", name=op.f("uq__account__kind_owner_asset")),
    )
    op.create_table(
        "operator",
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("email", name=op.f("pk__operator")),
    )
    op.create_table(
        "partner",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("post_logout_redirect_uris", sa.JSON(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("homepage", sa.String(length=2048), nullable=True),
        sa.Column("fee_basis_points", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("fee_basis_points BETWEEN 0 AND 10000", name=op.f("ck__partner__fee_is_a_share")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__partner")),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("state_digest", sa.String(length=64), nullable=False),
        sa.Column("browser_digest", sa.String(length=64), nullable=False),
        sa.Column("return_to", sa.String(length=8192), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("state_digest", name=op.f("pk__sign_in_attempt")),
    )
    with op.batch_alter_table("sign_in_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__sign_in_attempt__created_at"), ["created_at"], unique=False)

    op.create_table(
        "signing_key",
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("algorithm", sa.String(length=16), nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk__signing_key")),
    )
    op.create_table(
        "transfer",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__transfer")),
        sa.UniqueConstraint("kind", "reference", name=op.f("uq__transfer__kind_reference")),
    )
    op.create_table(
        "usage",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("consent_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("estimated_cost", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("first_byte_ms", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__usage")),
    )
    with op.batch_alter_table("usage", schema=None) as batch_op:
        batch_op.create_index("ix__usage__consent_id__id", ["consent_id", "id"], unique=False)
        batch_op.create_index("ix__usage__partner_id__id", ["partner_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix__usage__started_at"), ["started_at"], unique=False)
        batch_op.create_index(batch_op.f("ix__usage__user_id"), ["user_id"], unique=False)

    op.create_table(
        "user",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("upstream_user_id", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__user")),
        sa.UniqueConstraint("upstream_user_id", name=op.f("uq__user__upstream_user_id")),
    )
    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__user__email"), ["email"], unique=False)

    op.create_table(
        "browser_session",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk__browser_session__user_id__user")),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk__browser_session")),
    )
    with op.batch_alter_table("browser_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__browser_session__expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix__browser_session__user_id"), ["user_id"], unique=False)

    op.create_table(
        "client_secret",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("secret_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__client_secret__partner_id__partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__client_secret")),
    )
    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__client_secret__partner_id"), ["partner_id"], unique=False)

    op.create_table(
        "consent",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("limit_per_charge", sa.BigInteger(), nullable=True),
        sa.Column("limit_per_month", sa.BigInteger(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__consent__partner_id__partner")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk__consent__user_id__user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__consent")),
        sa.UniqueConstraint("subject", name=op.f("uq__consent__subject")),
        sa.UniqueConstraint("user_id", "partner_id", name=op.f("uq__consent__user_id_partner_id")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__consent__partner_id"), ["partner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__consent__user_id"), ["user_id"], unique=False)

    op.create_table(
        "posting",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("transfer_id", sa.String(length=40), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("destination_id", sa.BigInteger(), nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck__posting__amount_is_positive")),
        sa.CheckConstraint("source_id <> destination_id", name=op.f("ck__posting__moves_between_two")),
        sa.ForeignKeyConstraint(
            ["destination_id", "asset"],
            ["account.id", "account.asset"],
            name=op.f("fk__posting__destination_id_asset__account"),
        ),
        sa.ForeignKeyConstraint(
            ["source_id", "asset"], ["account.id", "account.asset"], name=op.f("fk__posting__source_id_asset__account")
        ),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk__posting__transfer_id__transfer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__posting")),
    )
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__posting__destination_id"), ["destination_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__posting__source_id"), ["source_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__posting__transfer_id"), ["transfer_id"], unique=False)

    op.create_table(
        "top_up",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=True),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("request_digest", sa.String(length=64), nullable=True),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("failure_code", sa.String(length=64), nullable=True),
        sa.Column("upstream_order_id", sa.String(length=128), nullable=True),
        sa.Column("url", sa.String(length=4096), nullable=True),
        sa.Column("return_url", sa.String(length=2048), nullable=True),
        sa.Column("low_water_balance", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('creating', 'open', 'paid', 'expired', 'failed')", name=op.f("ck__top_up__status_is_known")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck__top_up__amount_is_positive")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__top_up__partner_id__partner")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk__top_up__user_id__user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__top_up")),
        sa.UniqueConstraint("partner_id", "idempotency_key", name=op.f("uq__top_up__partner_id_idempotency_key")),
    )
    with op.batch_alter_table("top_up", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__top_up__partner_id"), ["partner_id"], unique=False)
        batch_op.create_index("ix__top_up__status__created_at", ["status", "created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix__top_up__user_id"), ["user_id"], unique=False)

    op.create_table(
        "upstream_connection",
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("sealed_token", sa.LargeBinary(), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk__upstream_connection__user_id__user")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk__upstream_connection")),
    )
    op.create_table(
        "authorization_code",
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("consent_id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("redirect_uri", sa.String(length=2048), nullable=False),
        sa.Column("scope", sa.String(length=512), nullable=False),
        sa.Column("nonce", sa.String(length=512), nullable=True),
        sa.Column("code_challenge", sa.String(length=128), nullable=True),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("family_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consent.id"], name=op.f("fk__authorization_code__consent_id__consent")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner.id"], name=op.f("fk__authorization_code__partner_id__partner")
        ),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("pk__authorization_code")),
    )
    with op.batch_alter_table("authorization_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__authorization_code__consent_id"), ["consent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__authorization_code__expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix__authorization_code__partner_id"), ["partner_id"], unique=False)

    op.create_table(
        "charge",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("consent_id", sa.String(length=40), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("failure_code", sa.String(length=64), nullable=True),
        sa.Column("upstream_order_id", sa.String(length=128), nullable=True),
        sa.Column("balance_before", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'succeeded', 'declined', 'failed', 'unknown')",
            name=op.f("ck__charge__status_is_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck__charge__amount_is_positive")),
        sa.CheckConstraint("fee >= 0 AND fee <= amount", name=op.f("ck__charge__fee_is_part_of_amount")),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk__charge__consent_id__consent")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__charge__partner_id__partner")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk__charge__user_id__user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__charge")),
        sa.UniqueConstraint("partner_id", "idempotency_key", name=op.f("uq__charge__partner_id_idempotency_key")),
    )
    with op.batch_alter_table("charge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__charge__consent_id"), ["consent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__charge__partner_id"), ["partner_id"], unique=False)
        batch_op.create_index("ix__charge__status__created_at", ["status", "created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix__charge__user_id"), ["user_id"], unique=False)

    op.create_table(
        "token",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("family_id", sa.String(length=40), nullable=False),
        sa.Column("consent_id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("scope", sa.String(length=512), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk__token__consent_id__consent")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__token__partner_id__partner")),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk__token")),
    )
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__token__consent_id"), ["consent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__token__expires_at"), ["expires_at"], unique=False)
        batch_op.create_index("ix__token__family_id__kind", ["family_id", "kind"], unique=False)
        batch_op.create_index(batch_op.f("ix__token__partner_id"), ["partner_id"], unique=False)


def downgrade() -> None:  # noqa: PLR0915 - a list of tables
    """Go back."""
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__token__partner_id"))
        batch_op.drop_index("ix__token__family_id__kind")
        batch_op.drop_index(batch_op.f("ix__token__expires_at"))
        batch_op.drop_index(batch_op.f("ix__token__consent_id"))

    op.drop_table("token")
    with op.batch_alter_table("charge", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__charge__user_id"))
        batch_op.drop_index("ix__charge__status__created_at")
        batch_op.drop_index(batch_op.f("ix__charge__partner_id"))
        batch_op.drop_index(batch_op.f("ix__charge__consent_id"))

    op.drop_table("charge")
    with op.batch_alter_table("authorization_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__authorization_code__partner_id"))
        batch_op.drop_index(batch_op.f("ix__authorization_code__expires_at"))
        batch_op.drop_index(batch_op.f("ix__authorization_code__consent_id"))

    op.drop_table("authorization_code")
    op.drop_table("upstream_connection")
    with op.batch_alter_table("top_up", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__top_up__user_id"))
        batch_op.drop_index("ix__top_up__status__created_at")
        batch_op.drop_index(batch_op.f("ix__top_up__partner_id"))

    op.drop_table("top_up")
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__posting__transfer_id"))
        batch_op.drop_index(batch_op.f("ix__posting__source_id"))
        batch_op.drop_index(batch_op.f("ix__posting__destination_id"))

    op.drop_table("posting")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__consent__user_id"))
        batch_op.drop_index(batch_op.f("ix__consent__partner_id"))

    op.drop_table("consent")
    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__client_secret__partner_id"))

    op.drop_table("client_secret")
    with op.batch_alter_table("browser_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__browser_session__user_id"))
        batch_op.drop_index(batch_op.f("ix__browser_session__expires_at"))

    op.drop_table("browser_session")
    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__user__email"))

    op.drop_table("user")
    with op.batch_alter_table("usage", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__usage__user_id"))
        batch_op.drop_index(batch_op.f("ix__usage__started_at"))
        batch_op.drop_index("ix__usage__partner_id__id")
        batch_op.drop_index("ix__usage__consent_id__id")

    op.drop_table("usage")
    op.drop_table("transfer")
    op.drop_table("signing_key")
    with op.batch_alter_table("sign_in_attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__sign_in_attempt__created_at"))

    op.drop_table("sign_in_attempt")
    op.drop_table("partner")
    op.drop_table("operator")
    op.drop_table("account")
