"""What a standards-complete OpenID provider keeps: sessions, devices, pushed requests, proofs, deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

#: For the partners that are there already; new ones say it themselves.
_CODE_AND_REFRESH = '["authorization_code", "refresh_token"]'


def upgrade() -> None:  # noqa: PLR0915 - a list of tables
    """Go to this revision."""
    op.create_table(
        "registration_permit",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__registration_permit")),
        sa.UniqueConstraint("token_digest", name=op.f("uq__registration_permit__token_digest")),
    )
    with op.batch_alter_table("registration_permit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__registration_permit__expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "used_proof",
        sa.Column("proof_digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("proof_digest", name=op.f("pk__used_proof")),
    )
    with op.batch_alter_table("used_proof", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__used_proof__expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "authorization_failure",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner.id"], name=op.f("fk__authorization_failure__partner_id__partner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__authorization_failure")),
    )
    with op.batch_alter_table("authorization_failure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__authorization_failure__created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix__authorization_failure__partner_id"), ["partner_id"], unique=False)

    op.create_table(
        "delivery",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_taken", sa.Boolean(), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__delivery__partner_id__partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__delivery")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix__delivery__due", ["done_at", "next_attempt_at"], unique=False)
        batch_op.create_index(batch_op.f("ix__delivery__partner_id"), ["partner_id"], unique=False)

    op.create_table(
        "partner_logo",
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.Column("content_digest", sa.String(length=64), nullable=False),
        sa.Column("source_uri", sa.String(length=2048), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__partner_logo__partner_id__partner")),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk__partner_logo")),
    )
    op.create_table(
        "pushed_request",
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__pushed_request__partner_id__partner")),
        sa.PrimaryKeyConstraint("request_digest", name=op.f("pk__pushed_request")),
    )
    with op.batch_alter_table("pushed_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__pushed_request__expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix__pushed_request__partner_id"), ["partner_id"], unique=False)

    op.create_table(
        "device_grant",
        sa.Column("device_code_digest", sa.String(length=64), nullable=False),
        sa.Column("user_code_digest", sa.String(length=64), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("scope", sa.String(length=512), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("consent_id", sa.String(length=40), nullable=True),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("family_id", sa.String(length=40), nullable=False),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'denied', 'used')", name=op.f("ck__device_grant__status_is_known")
        ),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk__device_grant__consent_id__consent")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__device_grant__partner_id__partner")),
        sa.PrimaryKeyConstraint("device_code_digest", name=op.f("pk__device_grant")),
        sa.UniqueConstraint("user_code_digest", name=op.f("uq__device_grant__user_code_digest")),
    )
    with op.batch_alter_table("device_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__device_grant__consent_id"), ["consent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__device_grant__expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix__device_grant__partner_id"), ["partner_id"], unique=False)

    op.create_table(
        "wrong_user_code",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk__wrong_user_code__user_id__user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__wrong_user_code")),
    )
    with op.batch_alter_table("wrong_user_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__wrong_user_code__tried_at"), ["tried_at"], unique=False)
        batch_op.create_index(batch_op.f("ix__wrong_user_code__user_id"), ["user_id"], unique=False)

    op.create_table(
        "partner_session",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("browser_session_id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("consent_id", sa.String(length=40), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk__partner_session__consent_id__consent")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__partner_session__partner_id__partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__partner_session")),
        sa.UniqueConstraint(
            "browser_session_id", "partner_id", name=op.f("uq__partner_session__browser_session_id_partner_id")
        ),
    )
    with op.batch_alter_table("partner_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__partner_session__consent_id"), ["consent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__partner_session__partner_id"), ["partner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__partner_session__started_at"), ["started_at"], unique=False)

    with op.batch_alter_table("authorization_code", schema=None) as batch_op:
        batch_op.add_column(sa.Column("claims", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("dpop_thumbprint", sa.String(length=43), nullable=True))
        batch_op.add_column(sa.Column("partner_session_id", sa.String(length=40), nullable=True))

    # Everybody signs in anew: the sessions of old have no name to be listed by.
    op.execute("DELETE FROM browser_session")
    with op.batch_alter_table("browser_session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("id", sa.String(length=40), nullable=False))
        batch_op.add_column(sa.Column("user_agent", sa.String(length=256), nullable=False))
        batch_op.add_column(sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False))
        batch_op.create_unique_constraint(batch_op.f("uq__browser_session__id"), ["id"])

    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hint", sa.String(length=8), nullable=False, server_default=""))

    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("calls_per_minute", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("partner", schema=None) as batch_op:
        batch_op.add_column(sa.Column("owner_id", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("mode", sa.String(length=8), nullable=False, server_default="live"))
        batch_op.add_column(sa.Column("live_wanted_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("policy_uri", sa.String(length=2048), nullable=True))
        batch_op.add_column(sa.Column("terms_uri", sa.String(length=2048), nullable=True))
        batch_op.add_column(sa.Column("grant_types", sa.JSON(), nullable=False, server_default=_CODE_AND_REFRESH))
        batch_op.add_column(
            sa.Column("id_token_algorithm", sa.String(length=8), nullable=False, server_default="ES256")
        )
        batch_op.add_column(sa.Column("jwks", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("jwks_uri", sa.String(length=2048), nullable=True))
        batch_op.add_column(sa.Column("is_legacy", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("requires_par", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("requires_dpop", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("backchannel_logout_uri", sa.String(length=2048), nullable=True))
        batch_op.add_column(sa.Column("registration_token_digest", sa.String(length=64), nullable=True))
        batch_op.create_check_constraint(batch_op.f("ck__partner__mode_is_known"), "mode IN ('test', 'live')")
        batch_op.create_index(batch_op.f("ix__partner__owner_id"), ["owner_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk__partner__owner_id__user"), "user", ["owner_id"], ["id"])

    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.add_column(sa.Column("claims", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("dpop_thumbprint", sa.String(length=43), nullable=True))
        batch_op.add_column(sa.Column("partner_session_id", sa.String(length=40), nullable=True))
        batch_op.alter_column("consent_id", existing_type=sa.VARCHAR(length=40), nullable=True)
        batch_op.create_index(batch_op.f("ix__token__partner_session_id"), ["partner_session_id"], unique=False)


def downgrade() -> None:  # noqa: PLR0915 - a list of tables
    """Go back."""
    op.execute("DELETE FROM token WHERE consent_id IS NULL")
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__token__partner_session_id"))
        batch_op.alter_column("consent_id", existing_type=sa.VARCHAR(length=40), nullable=False)
        batch_op.drop_column("partner_session_id")
        batch_op.drop_column("dpop_thumbprint")
        batch_op.drop_column("claims")

    with op.batch_alter_table("partner", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck__partner__mode_is_known"), type_="check")
        batch_op.drop_constraint(batch_op.f("fk__partner__owner_id__user"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix__partner__owner_id"))
        batch_op.drop_column("registration_token_digest")
        batch_op.drop_column("backchannel_logout_uri")
        batch_op.drop_column("requires_dpop")
        batch_op.drop_column("requires_par")
        batch_op.drop_column("is_legacy")
        batch_op.drop_column("jwks_uri")
        batch_op.drop_column("jwks")
        batch_op.drop_column("id_token_algorithm")
        batch_op.drop_column("grant_types")
        batch_op.drop_column("terms_uri")
        batch_op.drop_column("policy_uri")
        batch_op.drop_column("live_wanted_at")
        batch_op.drop_column("mode")
        batch_op.drop_column("owner_id")

    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_column("expires_at")
        batch_op.drop_column("calls_per_minute")

    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.drop_column("hint")

    with op.batch_alter_table("browser_session", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq__browser_session__id"), type_="unique")
        batch_op.drop_column("seen_at")
        batch_op.drop_column("user_agent")
        batch_op.drop_column("id")

    with op.batch_alter_table("authorization_code", schema=None) as batch_op:
        batch_op.drop_column("partner_session_id")
        batch_op.drop_column("dpop_thumbprint")
        batch_op.drop_column("claims")

    with op.batch_alter_table("partner_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__partner_session__started_at"))
        batch_op.drop_index(batch_op.f("ix__partner_session__partner_id"))
        batch_op.drop_index(batch_op.f("ix__partner_session__consent_id"))

    op.drop_table("partner_session")
    with op.batch_alter_table("wrong_user_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__wrong_user_code__user_id"))
        batch_op.drop_index(batch_op.f("ix__wrong_user_code__tried_at"))

    op.drop_table("wrong_user_code")
    with op.batch_alter_table("device_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__device_grant__partner_id"))
        batch_op.drop_index(batch_op.f("ix__device_grant__expires_at"))
        batch_op.drop_index(batch_op.f("ix__device_grant__consent_id"))

    op.drop_table("device_grant")
    with op.batch_alter_table("pushed_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__pushed_request__partner_id"))
        batch_op.drop_index(batch_op.f("ix__pushed_request__expires_at"))

    op.drop_table("pushed_request")
    op.drop_table("partner_logo")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__delivery__partner_id"))
        batch_op.drop_index("ix__delivery__due")

    op.drop_table("delivery")
    with op.batch_alter_table("authorization_failure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__authorization_failure__partner_id"))
        batch_op.drop_index(batch_op.f("ix__authorization_failure__created_at"))

    op.drop_table("authorization_failure")
    with op.batch_alter_table("used_proof", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__used_proof__expires_at"))

    op.drop_table("used_proof")
    with op.batch_alter_table("registration_permit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__registration_permit__expires_at"))

    op.drop_table("registration_permit")
