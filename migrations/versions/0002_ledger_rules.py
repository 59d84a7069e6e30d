"""The rules of the books, kept by the database itself."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_IMMUTABLE = ("posting", "transfer")

_SQLITE_MOVE = """
CREATE TRIGGER posting_moves_balances AFTER INSERT ON posting BEGIN
    UPDATE account SET balance = balance - NEW.amount WHERE id = NEW.source_id;
    UPDATE account SET balance = balance + NEW.amount WHERE id = NEW.destination_id;
END
"""

_SQLITE_REFUSE = """
CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table} BEGIN
    SELECT RAISE(ABORT, '{table} rows are never changed; write a correcting transfer');
END
"""

# The accounts are locked by id, lowest first, so that two crossing postings cannot deadlock.
_POSTGRESQL_MOVE = """
CREATE FUNCTION move_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM account WHERE id IN (NEW.source_id, NEW.destination_id) ORDER BY id FOR NO KEY UPDATE;
    UPDATE account SET balance = balance - NEW.amount WHERE id = NEW.source_id;
    UPDATE account SET balance = balance + NEW.amount WHERE id = NEW.destination_id;
    RETURN NULL;
END $$
"""

_POSTGRESQL_REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are never changed; write a correcting transfer', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def upgrade() -> None:
    """Let postings move balances, and nothing change or delete them."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_SQLITE_MOVE)
        for table in _IMMUTABLE:
            for verb in ("UPDATE", "DELETE"):
                op.execute(_SQLITE_REFUSE.format(table=table, verb=verb))
        return
    op.execute(_POSTGRESQL_MOVE)
    op.execute(_POSTGRESQL_REFUSE)
    op.execute(
        "CREATE TRIGGER posting_moves_balances AFTER INSERT ON posting FOR EACH ROW EXECUTE FUNCTION move_balances()"
    )
    for table in _IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """Take the rules away."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER posting_moves_balances")
        for table in _IMMUTABLE:
            for verb in ("UPDATE", "DELETE"):
                op.execute(f"DROP TRIGGER {table}_refuses_{verb}")
        return
    op.execute("DROP TRIGGER posting_moves_balances ON posting")
    for table in _IMMUTABLE:
        op.execute(f"DROP TRIGGER {table}_refuses_change ON {table}")
    op.execute("DROP FUNCTION move_balances()")
    op.execute("DROP FUNCTION refuse_change()")
