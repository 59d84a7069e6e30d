"""On PostgreSQL, the balances of a charge are moved by simpler statements than those of other transfers."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

#: As before, but a charge, or what else leaves one account for hot ones, needs no adding up for each account, which
#: costs the server about a tenth of the whole charge. An INSERT that wrote nothing ends at once.
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

#: As revision 0011 made it.
_MOVE_AS_BEFORE = """
CREATE OR REPLACE FUNCTION move_balances() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    is_sound boolean;
    is_reversal boolean;
BEGIN
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
    ), moved AS (
        UPDATE account SET balance = account.balance + change.amount FROM (
            SELECT account_id, sum(amount)::bigint AS amount FROM side WHERE NOT is_appended
            GROUP BY is_hot, account_id ORDER BY is_hot DESC, account_id
        ) AS change WHERE account.id = change.account_id
    )
    SELECT (SELECT count(*) FROM side) = 2 * count(*) AND count(t.id) = count(*),
        coalesce(bool_or(t.reverses_id IS NOT NULL), FALSE)
    INTO is_sound, is_reversal
    FROM new_posting n LEFT JOIN transfer t ON t.id = n.transfer_id;
    IF NOT is_sound THEN
        RAISE EXCEPTION 'a posting names a transfer, and two accounts of its own asset'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF is_reversal THEN
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


def upgrade() -> None:
    """Go to this revision; SQLite keeps its own triggers."""
    _replace(_MOVE)


def downgrade() -> None:
    """Go back."""
    _replace(_MOVE_AS_BEFORE)


def _replace(function: str) -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.execute(function)
