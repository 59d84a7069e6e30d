"""The first look at a balance after a charge got no answer, top-ups whose payment may have been hidden, charges by id.

Charges are listed by id, also those of a state or of a partner: the indexes end with the id now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    # Not in a batch, which would make the tables anew on SQLite, without their triggers.
    op.add_column("charge", sa.Column("balance_first_seen", sa.BigInteger(), nullable=True))
    op.add_column("charge", sa.Column("balance_first_seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("top_up", sa.Column("may_be_paid", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.drop_index("ix__charge__status__created_at", table_name="charge")
    op.create_index("ix__charge__status__id", "charge", ["status", "id"])
    op.drop_index("ix__charge__partner_id", table_name="charge")
    op.create_index("ix__charge__partner_id__id", "charge", ["partner_id", "id"])


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_index("ix__charge__partner_id__id", table_name="charge")
    op.create_index("ix__charge__partner_id", "charge", ["partner_id"])
    op.drop_index("ix__charge__status__id", table_name="charge")
    op.create_index("ix__charge__status__created_at", "charge", ["status", "created_at"])
    op.drop_column("top_up", "may_be_paid")
    op.drop_column("charge", "balance_first_seen_at")
    op.drop_column("charge", "balance_first_seen")
