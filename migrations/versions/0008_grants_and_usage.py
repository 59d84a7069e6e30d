"""What a grant allows of AI calls, the operator's limits, and usage rolled up."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: PLR0915 - a list of columns
    """Go to this revision."""
    op.create_table(
        "usage_consent_day",
        sa.Column("consent_id", sa.String(length=40), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("endpoint", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("estimated_cost", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_byte_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_bytes", sa.BigInteger(), nullable=False),
        sa.Column("last_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "consent_id", "begins_at", "model", "endpoint", "outcome", name=op.f("pk__usage_consent_day")
        ),
    )
    with op.batch_alter_table("usage_consent_day", schema=None) as batch_op:
        batch_op.create_index("ix__usage_consent_day__begins_at", ["begins_at"], unique=False)
        batch_op.create_index("ix__usage_consent_day__user_id__begins_at", ["user_id", "begins_at"], unique=False)

    op.create_table(
        "usage_day",
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("endpoint", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("estimated_cost", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_byte_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_bytes", sa.BigInteger(), nullable=False),
        sa.Column("last_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("begins_at", "partner_id", "model", "endpoint", "outcome", name=op.f("pk__usage_day")),
    )
    with op.batch_alter_table("usage_day", schema=None) as batch_op:
        batch_op.create_index("ix__usage_day__partner_id__begins_at", ["partner_id", "begins_at"], unique=False)

    op.create_table(
        "usage_hour",
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("endpoint", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("estimated_cost", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_byte_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_bytes", sa.BigInteger(), nullable=False),
        sa.Column("last_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("begins_at", "partner_id", "model", "endpoint", "outcome", name=op.f("pk__usage_hour")),
    )
    with op.batch_alter_table("usage_hour", schema=None) as batch_op:
        batch_op.create_index("ix__usage_hour__partner_id__begins_at", ["partner_id", "begins_at"], unique=False)

    op.create_table(
        "usage_mark",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rolled_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__usage_mark")),
    )
    op.execute("INSERT INTO usage_mark (id, rolled_to) VALUES (1, 0)")

    with op.batch_alter_table("authorization_code", schema=None) as batch_op:
        batch_op.add_column(sa.Column("authorization_details", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ai_spend_per_day", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("ai_spend_per_month", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("ai_calls_at_once", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("allowed_models", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("allowed_endpoints", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("asked_details", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("partner", schema=None) as batch_op:
        batch_op.add_column(sa.Column("site_spend_per_day", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("site_spend_per_month", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("site_calls_per_minute", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("site_calls_at_once", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("token_spend_per_day", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("token_calls_per_minute", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("token_calls_at_once", sa.Integer(), nullable=True))

    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.add_column(sa.Column("authorization_details", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("usage", schema=None) as batch_op:
        batch_op.add_column(sa.Column("endpoint", sa.String(length=16), server_default="other", nullable=False))


def downgrade() -> None:  # noqa: PLR0915 - a list of columns
    """Go back."""
    with op.batch_alter_table("usage", schema=None) as batch_op:
        batch_op.drop_column("endpoint")

    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.drop_column("authorization_details")

    with op.batch_alter_table("partner", schema=None) as batch_op:
        batch_op.drop_column("token_calls_at_once")
        batch_op.drop_column("token_calls_per_minute")
        batch_op.drop_column("token_spend_per_day")
        batch_op.drop_column("site_calls_at_once")
        batch_op.drop_column("site_calls_per_minute")
        batch_op.drop_column("site_spend_per_month")
        batch_op.drop_column("site_spend_per_day")

    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_column("asked_details")
        batch_op.drop_column("allowed_endpoints")
        batch_op.drop_column("allowed_models")
        batch_op.drop_column("ai_calls_at_once")
        batch_op.drop_column("ai_spend_per_month")
        batch_op.drop_column("ai_spend_per_day")

    with op.batch_alter_table("authorization_code", schema=None) as batch_op:
        batch_op.drop_column("authorization_details")

    op.drop_table("usage_mark")
    op.drop_table("usage_hour")
    op.drop_table("usage_day")
    op.drop_table("usage_consent_day")
