"""What AI calls have spent against limits."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "spend_counter",
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("held >= 0", name=op.f("ck__spend_counter__held_is_positive")),
        sa.PrimaryKeyConstraint("subject", "period", name=op.f("pk__spend_counter")),
    )
    op.create_table(
        "spend_allotment",
        sa.Column("holder", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("held >= 0", name=op.f("ck__spend_allotment__held_is_positive")),
        sa.PrimaryKeyConstraint("holder", "subject", "period", name=op.f("pk__spend_allotment")),
    )
    with op.batch_alter_table("spend_allotment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__spend_allotment__expires_at"), ["expires_at"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("spend_allotment")
    op.drop_table("spend_counter")
