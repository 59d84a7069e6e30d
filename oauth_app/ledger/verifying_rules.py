"""What must be true of the books, each as a query for the first row that is not: its key, then what to show."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A sentence, the table whose row breaks it, and how such a row is found."""

    name: str
    table: str
    query: str
    #: The tables whose rows it goes through, if not just that one.
    reads: tuple[str, ...] = ()


#: For each window of posting ids.
POSTING_RULES = (
    Rule(
        name="a posting moves a positive amount between two accounts",
        table="posting",
        query="""
        SELECT id, amount, source_id, destination_id FROM posting
        WHERE id > :after AND id <= :until AND (amount <= 0 OR source_id = destination_id)
        ORDER BY id LIMIT 1
        """,
    ),
    Rule(
        name="a posting belongs to a transfer",
        table="posting",
        query="""
        SELECT p.id, p.transfer_id FROM posting p
        WHERE p.id > :after AND p.id <= :until AND NOT EXISTS (SELECT 1 FROM transfer t WHERE t.id = p.transfer_id)
        ORDER BY p.id LIMIT 1
        """,
    ),
    Rule(
        name="a posting's accounts are there and have its asset",
        table="posting",
        query="""
        SELECT p.id, p.asset, s.asset AS source_asset, d.asset AS destination_asset
        FROM posting p LEFT JOIN account s ON s.id = p.source_id LEFT JOIN account d ON d.id = p.destination_id
        WHERE p.id > :after AND p.id <= :until
            AND (s.asset IS NULL OR d.asset IS NULL OR s.asset <> p.asset OR d.asset <> p.asset)
        ORDER BY p.id LIMIT 1
        """,
    ),
)

#: Once.
BOOK_RULES = (
    Rule(
        name="an account is counted in an asset that is known",
        table="account",
        query="""
        SELECT a.id, a.asset FROM account a WHERE NOT EXISTS (SELECT 1 FROM asset WHERE asset.code = a.asset)
        ORDER BY a.id LIMIT 1
        """,
    ),
    Rule(
        name="no balance is negative unless it may be",
        table="account",
        query="SELECT id, balance FROM account WHERE balance < 0 AND NOT may_be_negative ORDER BY id LIMIT 1",
    ),
    Rule(
        name="an increment that waits is of a posting on its account",
        table="balance_increment",
        query="""
        SELECT i.posting_id, i.account_id, i.amount FROM balance_increment i
        LEFT JOIN posting p ON p.id = i.posting_id
        WHERE p.id IS NULL OR NOT (
            (i.account_id = p.destination_id AND i.amount = p.amount)
            OR (i.account_id = p.source_id AND i.amount = -p.amount)
        ) ORDER BY i.posting_id LIMIT 1
        """,
    ),
    Rule(
        name="a transfer has postings",
        table="transfer",
        reads=("transfer", "posting"),
        query="""
        SELECT t.id, t.kind, t.reference FROM transfer t
        WHERE NOT EXISTS (SELECT 1 FROM posting p WHERE p.transfer_id = t.id) ORDER BY t.id LIMIT 1
        """,
    ),
    Rule(
        name="one thing is recorded once",
        table="transfer",
        query="""
        SELECT min(id) AS id, kind, reference, count(*) AS times FROM transfer
        GROUP BY kind, reference HAVING count(*) > 1 ORDER BY 1 LIMIT 1
        """,
    ),
    Rule(
        name="what a reversal takes back is there",
        table="transfer",
        query="""
        SELECT t.id, t.reverses_id FROM transfer t
        WHERE t.reverses_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM transfer o WHERE o.id = t.reverses_id)
        ORDER BY t.id LIMIT 1
        """,
    ),
    Rule(
        name="reversals take back no more than there was",
        table="transfer",
        reads=("transfer", "posting"),
        query="""
        SELECT r.transfer_id, r.asset, r.taken_back, (
            SELECT coalesce(sum(p.amount), 0) FROM posting p
            WHERE p.transfer_id = r.transfer_id AND p.asset = r.asset
        ) AS amount FROM (
            SELECT t.reverses_id AS transfer_id, p.asset, sum(p.amount) AS taken_back
            FROM transfer t JOIN posting p ON p.transfer_id = t.id
            WHERE t.reverses_id IS NOT NULL GROUP BY t.reverses_id, p.asset
        ) AS r
        WHERE r.taken_back > (
            SELECT coalesce(sum(p.amount), 0) FROM posting p
            WHERE p.transfer_id = r.transfer_id AND p.asset = r.asset
        ) ORDER BY r.transfer_id LIMIT 1
        """,
    ),
    Rule(
        name="reversals are counted as they are",
        table="reversal",
        reads=("transfer", "posting"),
        query="""
        SELECT transfer_id, asset, sum(counted) AS counted, sum(taken_back) AS taken_back FROM (
            SELECT transfer_id, asset, reversed_amount AS counted, 0 AS taken_back FROM reversal
            UNION ALL
            SELECT t.reverses_id, p.asset, 0, p.amount
            FROM transfer t JOIN posting p ON p.transfer_id = t.id WHERE t.reverses_id IS NOT NULL
        ) AS side
        GROUP BY transfer_id, asset HAVING sum(counted) <> sum(taken_back) ORDER BY transfer_id LIMIT 1
        """,
    ),
    Rule(
        name="a hold was placed and settled as its row says",
        table="hold",
        query="""
        SELECT * FROM (
            SELECT h.id, h.status, h.amount, h.captured_amount,
                coalesce(sum(CASE WHEN t.kind = 'hold_placed' THEN p.amount END), 0) AS placed,
                coalesce(sum(CASE WHEN t.kind = 'hold_captured' THEN p.amount END), 0) AS captured,
                coalesce(sum(CASE WHEN t.kind = 'hold_released' THEN p.amount END), 0) AS released
            FROM hold h
            LEFT JOIN transfer t ON t.reference = h.id AND t.kind IN ('hold_placed', 'hold_captured', 'hold_released')
            LEFT JOIN posting p ON p.transfer_id = t.id
            GROUP BY h.id, h.status, h.amount, h.captured_amount
        ) AS seen
        WHERE placed <> amount OR captured <> captured_amount
            OR released <> CASE WHEN status = 'pending' THEN 0 ELSE amount - captured_amount END
        ORDER BY id LIMIT 1
        """,
    ),
    Rule(
        name="what is held of a user is what pending holds add up to",
        table="account",
        reads=("account", "hold"),
        query="""
        SELECT owner, asset, sum(held) AS held, sum(pending) AS pending FROM (
            SELECT owner, asset, balance AS held, 0 AS pending FROM account WHERE kind = 'user_held'
            UNION ALL
            SELECT user_id, asset, 0, amount FROM hold WHERE status = 'pending'
        ) AS side
        GROUP BY owner, asset HAVING sum(held) <> sum(pending) ORDER BY owner LIMIT 1
        """,
    ),
)
