"""How many AI calls were made in the last minute, and how many run, for hubs of several processes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "pace_tally",
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("tally", sa.Text(), nullable=False),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk__pace_tally")),
    )
    with op.batch_alter_table("pace_tally", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix__pace_tally__kept_until"), ["kept_until"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("pace_tally")
