"""A multi-asset ledger: assets, hot accounts, reversals, holds."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: What an account is never changes; its balance does.
_IDENTITY = "id, kind, owner, asset, may_be_negative, is_hot"
_SIDES = ("source_id", "destination_id")
_ASSETS = [
    {"code": "OMG", "scale": 2, "name": "OhMyGPT units"},
    {"code": "USD", "scale": 2, "name": "US dollar"},
    {"code": "CNY", "scale": 2, "name": "Chinese yuan"},
]


def upgrade() -> None:
    """Go to this revision."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        op.execute("DROP TRIGGER posting_moves_balances")  # it names account, which is made anew
    _create_assets()
    _change_account()
    _change_transfer(is_sqlite=is_sqlite)
    _change_posting(is_sqlite=is_sqlite)
    _create_counters()
    _create_hold()
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    """Go back; what hot accounts have waiting is rolled up first."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute("DELETE FROM balance_increment")  # a trigger adds it to the balances
    for statement in _SQLITE_DOWN if is_sqlite else _POSTGRESQL_DOWN:
        op.execute(statement)
    op.drop_table("hold")
    op.drop_table("reversal")
    op.drop_table("balance_increment")
    if is_sqlite:
        _forget_reversals_on_sqlite()
    else:
        op.drop_column("transfer", "reverses_id")
    with op.batch_alter_table("account") as batch_op:
        batch_op.drop_constraint(op.f("fk__account__asset__asset"), type_="foreignkey")
        batch_op.drop_column("is_hot")
    op.drop_table("asset")
    _restore_posting(is_sqlite=is_sqlite)


def _restore_posting(*, is_sqlite: bool) -> None:
    if is_sqlite:
        _drop_refusals_on_sqlite("posting")
    with op.batch_alter_table("posting") as batch_op:
        batch_op.create_foreign_key(op.f("fk__posting__transfer_id__transfer"), "transfer", ["transfer_id"], ["id"])
        for side in _SIDES:
            name = op.f(f"fk__posting__{side}_asset__account")
            batch_op.create_foreign_key(name, "account", [side, "asset"], ["id", "asset"])
    if is_sqlite:
        _create_refusals_on_sqlite("posting")
        op.execute(_SQLITE_MOVE_AS_BEFORE)


def _create_assets() -> None:
    asset = op.create_table(
        "asset",
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("scale", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.CheckConstraint("scale >= 0 AND scale <= 18", name=op.f("ck__asset__scale_is_sane")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk__asset")),
    )
    op.bulk_insert(asset, _ASSETS)


def _change_account() -> None:
    with op.batch_alter_table("account") as batch_op:
        batch_op.add_column(sa.Column("is_hot", sa.Boolean(), server_default=sa.text("FALSE"), nullable=False))
        batch_op.create_foreign_key(op.f("fk__account__asset__asset"), "asset", ["asset"], ["code"])
    op.execute(
        "UPDATE account SET is_hot = TRUE WHERE kind IN ('upstream_clearing', 'partner_earnings', 'platform_fees')"
    )


def _change_transfer(*, is_sqlite: bool) -> None:
    if is_sqlite:
        # Not in a batch: that would make the table anew and lose its triggers.
        op.execute(
            "ALTER TABLE transfer ADD COLUMN reverses_id VARCHAR(40) "
            "CONSTRAINT fk__transfer__reverses_id__transfer REFERENCES transfer (id)"
        )
    else:
        op.add_column("transfer", sa.Column("reverses_id", sa.String(length=40), nullable=True))
        op.create_foreign_key(
            op.f("fk__transfer__reverses_id__transfer"), "transfer", "transfer", ["reverses_id"], ["id"]
        )


def _change_posting(*, is_sqlite: bool) -> None:
    """Let the trigger check the accounts, see below."""
    if is_sqlite:
        _drop_refusals_on_sqlite("posting")
    with op.batch_alter_table("posting") as batch_op:
        batch_op.drop_constraint(op.f("fk__posting__transfer_id__transfer"), type_="foreignkey")
        for side in _SIDES:
            batch_op.drop_constraint(op.f(f"fk__posting__{side}_asset__account"), type_="foreignkey")
    if is_sqlite:
        _create_refusals_on_sqlite("posting")


def _create_counters() -> None:
    op.create_table(
        "balance_increment",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("posting_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "posting_id", name=op.f("pk__balance_increment")),
    )
    op.create_table(
        "reversal",
        sa.Column("transfer_id", sa.String(length=40), nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reversed_amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("reversed_amount <= amount", name=op.f("ck__reversal__not_more_than_there_was")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk__reversal__transfer_id__transfer")),
        sa.PrimaryKeyConstraint("transfer_id", "asset", name=op.f("pk__reversal")),
    )


def _create_hold() -> None:
    op.create_table(
        "hold",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("captured_amount", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck__hold__amount_is_positive")),
        sa.CheckConstraint(
            "captured_amount >= 0 AND captured_amount <= amount", name=op.f("ck__hold__captured_is_part_of_amount")
        ),
        sa.CheckConstraint("fee >= 0 AND fee <= captured_amount", name=op.f("ck__hold__fee_is_part_of_captured")),
        sa.CheckConstraint(
            "status IN ('pending', 'captured', 'voided', 'expired')", name=op.f("ck__hold__status_is_known")
        ),
        sa.CheckConstraint(
            "(status = 'captured') = (captured_amount > 0)", name=op.f("ck__hold__captured_has_an_amount")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk__hold__partner_id__partner")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk__hold__user_id__user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__hold")),
    )
    op.create_index(op.f("ix__hold__partner_id"), "hold", ["partner_id"])
    op.create_index(op.f("ix__hold__user_id"), "hold", ["user_id"])
    op.create_index(op.f("ix__hold__status__expires_at"), "hold", ["status", "expires_at"])


def _forget_reversals_on_sqlite() -> None:
    _drop_refusals_on_sqlite("transfer")
    with op.batch_alter_table("transfer") as batch_op:
        batch_op.drop_column("reverses_id")
    _create_refusals_on_sqlite("transfer")


def _drop_refusals_on_sqlite(table: str) -> None:
    """Take the triggers off a table that is made anew, which would lose them."""
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"DROP TRIGGER {table}_refuses_{verb}")


def _create_refusals_on_sqlite(table: str) -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(_SQLITE_REFUSE.format(table=table, verb=verb, of=""))


# -------------------------------------------------------------------------------------------------- rules on PostgreSQL

#: A posting on a hot account is appended as an increment. A debit of a hot account that may not be negative is the
#: exception: it changes the balance at once, so that the CHECK sees it. What changes at once is locked in one order
#: (hot first, then by id), so that crossing postings cannot deadlock. Instead of foreign keys to account, which would
#: have every charge write its lock into the row of the hot account, the trigger looks that both are there, in the
#: posting's asset, and the transfer, too; none of them is ever removed.
_POSTGRESQL_MOVE = """
CREATE OR REPLACE FUNCTION move_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    source_is_appended boolean;
    destination_is_appended boolean;
    reversed_id text;
BEGIN
    SELECT s.is_hot AND s.may_be_negative, d.is_hot, t.reverses_id
    INTO source_is_appended, destination_is_appended, reversed_id
    FROM account s, account d, transfer t
    WHERE s.id = NEW.source_id AND s.asset = NEW.asset
        AND d.id = NEW.destination_id AND d.asset = NEW.asset AND t.id = NEW.transfer_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a posting names a transfer, and two accounts of its own asset'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NOT source_is_appended AND NOT destination_is_appended THEN
        PERFORM 1 FROM account WHERE id IN (NEW.source_id, NEW.destination_id)
        ORDER BY is_hot DESC, id FOR NO KEY UPDATE;
    END IF;
    IF source_is_appended THEN
        INSERT INTO balance_increment VALUES (NEW.source_id, NEW.id, -NEW.amount);
    ELSE
        UPDATE account SET balance = balance - NEW.amount WHERE id = NEW.source_id;
    END IF;
    IF destination_is_appended THEN
        INSERT INTO balance_increment VALUES (NEW.destination_id, NEW.id, NEW.amount);
    ELSE
        UPDATE account SET balance = balance + NEW.amount WHERE id = NEW.destination_id;
    END IF;
    IF reversed_id IS NOT NULL THEN
        INSERT INTO reversal (transfer_id, asset, amount, reversed_amount)
        SELECT reversed_id, NEW.asset, sum(p.amount), NEW.amount
        FROM posting p WHERE p.transfer_id = reversed_id AND p.asset = NEW.asset
        ON CONFLICT (transfer_id, asset) DO UPDATE
        SET reversed_amount = reversal.reversed_amount + excluded.reversed_amount;
    END IF;
    RETURN NULL;
END $$
"""

_POSTGRESQL_ROLL_UP = """
CREATE FUNCTION roll_up_increments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE account SET balance = account.balance + locked.amount FROM (
        SELECT a.id, change.amount
        FROM account a
        JOIN (SELECT account_id, sum(amount)::bigint AS amount FROM gone GROUP BY account_id) AS change
            ON change.account_id = a.id
        ORDER BY a.id FOR NO KEY UPDATE OF a
    ) AS locked WHERE account.id = locked.id;
    RETURN NULL;
END $$
"""

_POSTGRESQL_REFUSE = """
CREATE TRIGGER {table}_refuses_{name} BEFORE {events} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""

_POSTGRESQL = (
    _POSTGRESQL_MOVE,
    _POSTGRESQL_ROLL_UP,
    """
CREATE TRIGGER balance_increment_rolls_up AFTER DELETE ON balance_increment REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION roll_up_increments()
""",
    _POSTGRESQL_REFUSE.format(name="change", events="UPDATE OR TRUNCATE", table="balance_increment"),
    _POSTGRESQL_REFUSE.format(name="removal", events="DELETE OR TRUNCATE", table="account"),
    _POSTGRESQL_REFUSE.format(name="change", events=f"UPDATE OF {_IDENTITY}", table="account"),
)
_POSTGRESQL_DOWN = (
    "DROP TRIGGER account_refuses_change ON account",
    "DROP TRIGGER account_refuses_removal ON account",
    "DROP TRIGGER balance_increment_refuses_change ON balance_increment",
    "DROP TRIGGER balance_increment_rolls_up ON balance_increment",
    "DROP FUNCTION roll_up_increments()",
    # As revision 0002 made it.
    """
CREATE OR REPLACE FUNCTION move_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM account WHERE id IN (NEW.source_id, NEW.destination_id) ORDER BY id FOR NO KEY UPDATE;
    UPDATE account SET balance = balance - NEW.amount WHERE id = NEW.source_id;
    UPDATE account SET balance = balance + NEW.amount WHERE id = NEW.destination_id;
    RETURN NULL;
END $$
""",
)

# ------------------------------------------------------------------------------------------------------ rules on SQLite

#: One writer at a time: there is nothing to gain by appending.
_SQLITE_MOVE = """
CREATE TRIGGER posting_moves_balances AFTER INSERT ON posting BEGIN
    SELECT RAISE(ABORT, 'a posting names a transfer, and two accounts of its own asset')
    WHERE NOT EXISTS (SELECT 1 FROM transfer WHERE id = NEW.transfer_id)
    OR (SELECT count(*) FROM account WHERE id IN (NEW.source_id, NEW.destination_id) AND asset = NEW.asset) <> 2;
    UPDATE account SET balance = balance - NEW.amount WHERE id = NEW.source_id;
    UPDATE account SET balance = balance + NEW.amount WHERE id = NEW.destination_id;
END
"""

#: As revision 0002 made it.
_SQLITE_MOVE_AS_BEFORE = """
CREATE TRIGGER posting_moves_balances AFTER INSERT ON posting BEGIN
    UPDATE account SET balance = balance - NEW.amount WHERE id = NEW.source_id;
    UPDATE account SET balance = balance + NEW.amount WHERE id = NEW.destination_id;
END
"""

_SQLITE_COUNT = """
CREATE TRIGGER posting_counts_reversals AFTER INSERT ON posting
WHEN (SELECT reverses_id FROM transfer WHERE id = NEW.transfer_id) IS NOT NULL BEGIN
    INSERT INTO reversal (transfer_id, asset, amount, reversed_amount)
    SELECT t.reverses_id, NEW.asset,
        (SELECT sum(p.amount) FROM posting p WHERE p.transfer_id = t.reverses_id AND p.asset = NEW.asset),
        NEW.amount
    FROM transfer t WHERE t.id = NEW.transfer_id
    ON CONFLICT (transfer_id, asset) DO UPDATE SET reversed_amount = reversed_amount + excluded.reversed_amount;
END
"""

_SQLITE_ROLL_UP = """
CREATE TRIGGER balance_increment_rolls_up AFTER DELETE ON balance_increment BEGIN
    UPDATE account SET balance = balance + OLD.amount WHERE id = OLD.account_id;
END
"""

_SQLITE_REFUSE = """
CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} {of} ON {table} BEGIN
    SELECT RAISE(ABORT, '{table} rows are never changed; write a correcting transfer');
END
"""

_SQLITE = (
    _SQLITE_MOVE,
    _SQLITE_COUNT,
    _SQLITE_ROLL_UP,
    _SQLITE_REFUSE.format(table="balance_increment", verb="UPDATE", of=""),
    _SQLITE_REFUSE.format(table="account", verb="DELETE", of=""),
    _SQLITE_REFUSE.format(table="account", verb="UPDATE", of=f"OF {_IDENTITY}"),
)
_SQLITE_DOWN = (
    "DROP TRIGGER posting_moves_balances",
    "DROP TRIGGER posting_counts_reversals",
    "DROP TRIGGER balance_increment_rolls_up",
    "DROP TRIGGER balance_increment_refuses_UPDATE",
    "DROP TRIGGER account_refuses_DELETE",
    "DROP TRIGGER account_refuses_UPDATE",
)
