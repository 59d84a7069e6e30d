"""On PostgreSQL, the balances of a transfer are moved once for all its postings, not once for each."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

#: As before, a posting on a hot account is appended as an increment, unless it debits one that may not be negative:
#: that changes the balance at once, so that the CHECK sees it. What the rows of one INSERT change at once is added up
#: for each account first; a charge, or what else leaves one account for hot ones, needs no adding up, which would cost
#: the server about a tenth of the whole charge. Whoever writes postings without ``ledger.record_transfer``, which locks
#: in one order before, may be ended by the database for a ring of locks, but finds the same rules.
#:
#: A plan is kept for as long as a connection lives. One made while the tables are nearly empty would go on to read all
#: of them as they grow, until the next ANALYZE: so no reading of whole tables here.
_MOVE = """
CREATE OR REPLACE FUNCTION move_balances() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    given record;
BEGIN
    SELECT bool_and(s.id IS NOT NULL AND d.id IS NOT NULL AND t.id IS NOT NULL) AS is_sound,
        bool_or(t.reverses_id IS NOT NULL) AS is_reversal,
        min(n.source_id) = max(n.source_id) AND bool_and(d.is_hot AND NOT (s.is_hot AND s.may_be_negative)) AS is_plain,
        min(n.source_id) AS source_id, sum(n.amount)::bigint AS amount
    INTO given
    FROM new_posting n
    LEFT JOIN transfer t ON t.id = n.transfer_id
    LEFT JOIN account s ON s.id = n.source_id AND s.asset = n.asset
    LEFT JOIN account d ON d.id = n.destination_id AND d.asset = n.asset;
    IF given.is_sound IS NULL THEN
        RETURN NULL;
    ELSIF NOT given.is_sound THEN
        RAISE EXCEPTION 'a posting names a transfer, and two accounts of its own asset'
            USING ERRCODE = 'integrity_constraint_violation';
    ELSIF given.is_plain THEN
        INSERT INTO balance_increment (account_id, posting_id, amount)
        SELECT n.destination_id, n.id, n.amount FROM new_posting n;
        UPDATE account SET balance = account.balance - given.amount WHERE account.id = given.source_id;
    ELSE
        WITH side AS MATERIALIZED (
            SELECT n.id AS posting_id, a.id AS account_id, change.amount, a.is_hot,
                a.is_hot AND (change.amount > 0 OR a.may_be_negative) AS is_appended
            FROM new_posting n
            CROSS JOIN LATERAL (VALUES (n.source_id, -n.amount), (n.destination_id, n.amount))
                AS change (account_id, amount)
            JOIN account a ON a.id = change.account_id AND a.asset = n.asset
        ), appended AS (
            INSERT INTO balance_increment (account_id, posting_id, amount)
            SELECT account_id, posting_id, amount FROM side WHERE is_appended
        )
        UPDATE account SET balance = account.balance + change.amount FROM (
            SELECT account_id, sum(amount)::bigint AS amount FROM side WHERE NOT is_appended
            GROUP BY is_hot, account_id ORDER BY is_hot DESC, account_id
        ) AS change WHERE account.id = change.account_id;
    END IF;
    IF given.is_reversal THEN
        INSERT INTO reversal (transfer_id, asset, amount, reversed_amount)
        SELECT t.reverses_id, n.asset, (
            SELECT sum(p.amount) FROM posting p WHERE p.transfer_id = t.reverses_id AND p.asset = n.asset
        ), sum(n.amount)
        FROM new_posting n JOIN transfer t ON t.id = n.transfer_id
        WHERE t.reverses_id IS NOT NULL GROUP BY t.reverses_id, n.asset ORDER BY t.reverses_id, n.asset
        ON CONFLICT (transfer_id, asset) DO UPDATE
        SET reversed_amount = reversal.reversed_amount + excluded.reversed_amount;
    END IF;
    RETURN NULL;
END $$
"""
_FOR_EACH_STATEMENT = """
CREATE TRIGGER posting_moves_balances AFTER INSERT ON posting REFERENCING NEW TABLE AS new_posting
FOR EACH STATEMENT EXECUTE FUNCTION move_balances()
"""

#: As revision 0004 made it.
_MOVE_AS_BEFORE = """
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
_FOR_EACH_ROW = """
CREATE TRIGGER posting_moves_balances AFTER INSERT ON posting FOR EACH ROW EXECUTE FUNCTION move_balances()
"""


def upgrade() -> None:
    """Go to this revision; SQLite, which knows no such triggers, keeps its own."""
    _replace(_MOVE, _FOR_EACH_STATEMENT)


def downgrade() -> None:
    """Go back."""
    _replace(_MOVE_AS_BEFORE, _FOR_EACH_ROW)


def _replace(function: str, trigger: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("DROP TRIGGER posting_moves_balances ON posting")
    op.execute(function)
    op.execute(trigger)
