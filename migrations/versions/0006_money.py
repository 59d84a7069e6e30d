"""Money from Stripe, refunds, approvals, events for partners, reconciliation, and versions of fees."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

_CHARGE_STATES = "'pending', 'succeeded', 'declined', 'failed', 'unknown'"
_TOP_UP_STATES = "'creating', 'open', 'paid', 'expired', 'failed'"


def _replace_states(table: str, states: str) -> None:
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f(f"ck__{table}__status_is_known"), type_="check")
        batch_op.create_check_constraint(batch_op.f(f"ck__{table}__status_is_known"), f"status IN ({states})")


def upgrade() -> None:  # noqa: PLR0915 - a list of tables
    """Go to this revision."""
    op.create_table(
        "reconciliation_run",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("started_by", sa.String(length=320), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__reconciliation_run")),
    )
    op.create_table(
        "stripe_event",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=255), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("needs_look", sa.Boolean(), nullable=False),
        sa.Column("closed_by", sa.String(length=320), nullable=True),
        sa.Column("closed_reason", sa.String(length=500), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__stripe_event")),
    )
    with op.batch_alter_table("stripe_event", schema=None) as batch_op:
        batch_op.create_index("ix__stripe_event__needs_look__received_at", ["needs_look", "received_at"], unique=False)
        batch_op.create_index(batch_op.f("ix__stripe_event__object_id"), ["object_id"], unique=False)

    op.create_table(
        "difference",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=True),
        sa.Column("expected", sa.BigInteger(), nullable=True),
        sa.Column("found", sa.BigInteger(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=320), nullable=True),
        sa.Column("closed_reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["reconciliation_run.id"], name=op.f("fk__difference__run_id__reconciliation_run")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__difference")),
    )
    with op.batch_alter_table("difference", schema=None) as batch_op:
        batch_op.create_index("ix__difference__closed_at__found_at", ["closed_at", "found_at"], unique=False)
        batch_op.create_index(batch_op.f("ix__difference__run_id"), ["run_id"], unique=False)
        batch_op.create_index(
            "ux__difference__open",
            ["side", "kind", "subject"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "stripe_customer",
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("customer_id", sa.String(length=255), nullable=False),
        sa.Column("payment_method_id", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk__stripe_customer__user_id__user")),
        sa.PrimaryKeyConstraint("user_id", "livemode", name=op.f("pk__stripe_customer")),
        sa.UniqueConstraint("customer_id", name=op.f("uq__stripe_customer__customer_id")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__event__partner_id__partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__event")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__event__object_id"), ["object_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__event__partner_id"), ["partner_id"], unique=False)
        batch_op.create_index("ix__event__partner_id__id", ["partner_id", "id"], unique=False)

    op.create_table(
        "event_delivery",
        sa.Column("delivery_id", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.String(length=40), nullable=False),
        sa.Column("endpoint_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["delivery.id"],
            name=op.f("fk__event_delivery__delivery_id__delivery"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk__event_delivery__event_id__event")),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk__event_delivery")),
    )
    with op.batch_alter_table("event_delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__event_delivery__event_id"), ["event_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__event_delivery__endpoint_id"), ["endpoint_id"], unique=False)

    op.create_table(
        "fee_version",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("basis_points", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.String(length=320), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("basis_points BETWEEN 0 AND 10000", name=op.f("ck__fee_version__fee_is_a_share")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__fee_version__partner_id__partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__fee_version")),
    )
    with op.batch_alter_table("fee_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__fee_version__partner_id"), ["partner_id"], unique=False)

    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("request_digest", sa.String(length=64), nullable=True),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("event_types", sa.JSON(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__webhook_endpoint__partner_id__partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__webhook_endpoint")),
        sa.UniqueConstraint(
            "partner_id", "idempotency_key", name=op.f("uq__webhook_endpoint__partner_id_idempotency_key")
        ),
    )
    with op.batch_alter_table("webhook_endpoint", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__webhook_endpoint__partner_id"), ["partner_id"], unique=False)

    op.create_table(
        "auto_top_up",
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("monthly_ceiling", sa.BigInteger(), nullable=False),
        sa.Column("payment_method_id", sa.String(length=255), nullable=False),
        sa.Column("top_up_id", sa.String(length=40), nullable=True),
        sa.Column("stopped_reason", sa.String(length=64), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "threshold >= 0 AND amount > 0 AND monthly_ceiling >= amount",
            name=op.f("ck__auto_top_up__amounts_make_sense"),
        ),
        sa.ForeignKeyConstraint(["top_up_id"], ["top_up.id"], name=op.f("fk__auto_top_up__top_up_id__top_up")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk__auto_top_up__user_id__user")),
        sa.PrimaryKeyConstraint("user_id", "asset", name=op.f("pk__auto_top_up")),
    )
    with op.batch_alter_table("auto_top_up", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__auto_top_up__user_id"), ["user_id"], unique=False)

    op.create_table(
        "hold_request",
        sa.Column("hold_id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("consent_id", sa.String(length=40), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("void_key", sa.String(length=255), nullable=True),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("fk__hold_request__hold_id__hold")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__hold_request__partner_id__partner")),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk__hold_request__consent_id__consent")),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk__hold_request")),
        sa.UniqueConstraint("partner_id", "idempotency_key", name=op.f("uq__hold_request__partner_id_idempotency_key")),
        sa.UniqueConstraint("partner_id", "void_key", name=op.f("uq__hold_request__partner_id_void_key")),
    )
    with op.batch_alter_table("hold_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__hold_request__consent_id"), ["consent_id"], unique=False)

    op.create_table(
        "refund",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("charge_id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck__refund__amount_is_positive")),
        sa.CheckConstraint("fee >= 0 AND fee <= amount", name=op.f("ck__refund__fee_is_part_of_amount")),
        sa.ForeignKeyConstraint(["charge_id"], ["charge.id"], name=op.f("fk__refund__charge_id__charge")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__refund__partner_id__partner")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk__refund__user_id__user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__refund")),
        sa.UniqueConstraint("partner_id", "idempotency_key", name=op.f("uq__refund__partner_id_idempotency_key")),
    )
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__refund__charge_id"), ["charge_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__refund__partner_id"), ["partner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix__refund__user_id"), ["user_id"], unique=False)

    with op.batch_alter_table("charge", schema=None) as batch_op:
        batch_op.add_column(sa.Column("fee_version_id", sa.String(length=40), nullable=True))
        batch_op.alter_column("status", existing_type=sa.String(length=16), type_=sa.String(length=24))
        batch_op.add_column(sa.Column("hold_id", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("funding", sa.String(length=8), nullable=False, server_default="upstream"))
        batch_op.add_column(sa.Column("refunded", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("approval_ends_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("resolved_by", sa.String(length=320), nullable=True))
        batch_op.add_column(sa.Column("resolved_reason", sa.String(length=500), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk__charge__fee_version_id__fee_version"), "fee_version", ["fee_version_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk__charge__hold_id__hold"), "hold", ["hold_id"], ["id"])
        batch_op.create_unique_constraint(batch_op.f("uq__charge__hold_id"), ["hold_id"])
        batch_op.create_check_constraint(
            batch_op.f("ck__charge__funding_is_known"), "funding IN ('upstream', 'wallet')"
        )
        batch_op.create_check_constraint(batch_op.f("ck__charge__refunds_fit"), "refunded >= 0 AND refunded <= amount")
    _replace_states("charge", f"'approval_required', {_CHARGE_STATES}")

    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("step_up_above", sa.BigInteger(), nullable=True))

    with op.batch_alter_table("top_up", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stripe_order_id", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("stripe_payment_intent_id", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("keep_card", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("reversed", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("looks", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_unique_constraint(batch_op.f("uq__top_up__stripe_order_id"), ["stripe_order_id"])
        batch_op.create_unique_constraint(
            batch_op.f("uq__top_up__stripe_payment_intent_id"), ["stripe_payment_intent_id"]
        )
        batch_op.create_check_constraint(
            batch_op.f("ck__top_up__reversals_fit"), "reversed >= 0 AND reversed <= amount"
        )
    _replace_states("top_up", f"'processing', 'refunded', 'disputed', {_TOP_UP_STATES}")


def downgrade() -> None:  # noqa: PLR0915 - a list of tables
    """Go back; what the older program cannot know becomes the nearest that it does."""
    op.execute("UPDATE charge SET status = 'failed' WHERE status = 'approval_required'")
    op.execute("UPDATE top_up SET status = 'open' WHERE status = 'processing'")
    op.execute("UPDATE top_up SET status = 'paid' WHERE status IN ('refunded', 'disputed')")
    _replace_states("top_up", _TOP_UP_STATES)
    _replace_states("charge", _CHARGE_STATES)
    with op.batch_alter_table("top_up", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck__top_up__reversals_fit"), type_="check")
        batch_op.drop_constraint(batch_op.f("uq__top_up__stripe_payment_intent_id"), type_="unique")
        batch_op.drop_constraint(batch_op.f("uq__top_up__stripe_order_id"), type_="unique")
        batch_op.drop_column("looks")
        batch_op.drop_column("looked_at")
        batch_op.drop_column("reversed")
        batch_op.drop_column("keep_card")
        batch_op.drop_column("stripe_payment_intent_id")
        batch_op.drop_column("stripe_order_id")

    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_column("step_up_above")

    with op.batch_alter_table("charge", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck__charge__refunds_fit"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck__charge__funding_is_known"), type_="check")
        batch_op.drop_constraint(batch_op.f("uq__charge__hold_id"), type_="unique")
        batch_op.drop_constraint(batch_op.f("fk__charge__hold_id__hold"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk__charge__fee_version_id__fee_version"), type_="foreignkey")
        batch_op.drop_column("resolved_reason")
        batch_op.drop_column("resolved_by")
        batch_op.drop_column("approved_at")
        batch_op.drop_column("approval_ends_at")
        batch_op.drop_column("refunded")
        batch_op.drop_column("funding")
        batch_op.alter_column("status", existing_type=sa.String(length=24), type_=sa.String(length=16))
        batch_op.drop_column("hold_id")
        batch_op.drop_column("fee_version_id")

    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__refund__user_id"))
        batch_op.drop_index(batch_op.f("ix__refund__partner_id"))
        batch_op.drop_index(batch_op.f("ix__refund__charge_id"))

    op.drop_table("refund")
    with op.batch_alter_table("hold_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__hold_request__consent_id"))

    op.drop_table("hold_request")
    with op.batch_alter_table("auto_top_up", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__auto_top_up__user_id"))

    op.drop_table("auto_top_up")
    with op.batch_alter_table("webhook_endpoint", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__webhook_endpoint__partner_id"))

    op.drop_table("webhook_endpoint")
    with op.batch_alter_table("fee_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__fee_version__partner_id"))

    op.drop_table("fee_version")
    with op.batch_alter_table("event_delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__event_delivery__endpoint_id"))
        batch_op.drop_index(batch_op.f("ix__event_delivery__event_id"))

    op.drop_table("event_delivery")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index("ix__event__partner_id__id")
        batch_op.drop_index(batch_op.f("ix__event__partner_id"))
        batch_op.drop_index(batch_op.f("ix__event__object_id"))

    op.drop_table("event")
    op.drop_table("stripe_customer")
    with op.batch_alter_table("difference", schema=None) as batch_op:
        batch_op.drop_index("ux__difference__open")
        batch_op.drop_index(batch_op.f("ix__difference__run_id"))
        batch_op.drop_index("ix__difference__closed_at__found_at")

    op.drop_table("difference")
    with op.batch_alter_table("stripe_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix__stripe_event__object_id"))
        batch_op.drop_index("ix__stripe_event__needs_look__received_at")

    op.drop_table("stripe_event")
    op.drop_table("reconciliation_run")
