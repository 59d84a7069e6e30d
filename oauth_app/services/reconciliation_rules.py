"""What the rows of charges, refunds and top-ups say the books must hold, each rule one statement.

A statement yields (kind, subject, asset, expected, found) where they do not. ``credited`` are the states of a
top-up whose money has come in.
"""

#: Every succeeded charge, refund and credited top-up has its transfer, of its amount; and every transfer its row.
TRANSFERS = """
    SELECT kind || '_transfer', reference, asset, sum(expected), sum(found) FROM (
        SELECT 'charge' AS kind, id AS reference, asset, amount AS expected, 0 AS found FROM charge
            WHERE status = 'succeeded' AND hold_id IS NULL
        UNION ALL
        SELECT 'hold_captured', hold_id, asset, amount, 0 FROM charge
            WHERE status = 'succeeded' AND hold_id IS NOT NULL
        UNION ALL
        SELECT 'refund', id, asset, amount, 0 FROM refund
        UNION ALL
        SELECT 'top_up', id, asset, amount, 0 FROM top_up
            WHERE provider = 'stripe' AND status IN ('paid', 'refunded', 'disputed')
        UNION ALL
        SELECT t.kind, t.reference, p.asset, 0, p.amount FROM transfer t JOIN posting p ON p.transfer_id = t.id
            WHERE t.kind IN ('charge', 'hold_captured', 'refund', 'top_up')
    ) AS side
    GROUP BY kind, reference, asset HAVING sum(expected) <> sum(found) ORDER BY 1, 2
"""

#: What was given back of a charge is what its refunds add up to.
REFUNDS = """
    SELECT 'refunds_of_charge', charge_id, asset, sum(expected), sum(found) FROM (
        SELECT id AS charge_id, asset, refunded AS expected, 0 AS found FROM charge WHERE refunded <> 0
        UNION ALL
        SELECT charge_id, asset, 0, amount FROM refund
    ) AS side
    GROUP BY charge_id, asset HAVING sum(expected) <> sum(found) ORDER BY 2
"""

#: What went back of a top-up is what its reversals add up to; their references begin with the top-up's id.
REVERSALS = """
    SELECT 'reversals_of_top_up', top_up_id, asset, sum(expected), sum(found) FROM (
        SELECT id AS top_up_id, asset, reversed AS expected, 0 AS found FROM top_up WHERE reversed <> 0
        UNION ALL
        SELECT substr(t.reference, 1, 30), p.asset, 0,
            CASE WHEN t.kind = 'top_up_reversal' THEN p.amount ELSE -p.amount END
        FROM transfer t JOIN posting p ON p.transfer_id = t.id WHERE t.kind IN ('top_up_reversal', 'dispute_won')
    ) AS side
    GROUP BY top_up_id, asset HAVING sum(expected) <> sum(found) ORDER BY 2
"""

#: Each balance, counted anew from the rows and never from postings, but for the operator's own corrections. What a
#: user has is wallet, held and frozen, less what is owed; increments that wait belong to their accounts.
BALANCES = """
    SELECT 'balance', CASE WHEN owner = '' THEN kind ELSE owner END || ':' || asset, asset, sum(expected), sum(found)
    FROM (
        SELECT 'upstream_clearing' AS kind, '' AS owner, asset, -amount AS expected, 0 AS found FROM charge
            WHERE status = 'succeeded' AND funding = 'upstream'
        UNION ALL
        SELECT 'user', user_id, asset, -amount, 0 FROM charge WHERE status = 'succeeded' AND funding = 'wallet'
        UNION ALL
        SELECT 'partner_earnings', partner_id, asset, amount - fee, 0 FROM charge WHERE status = 'succeeded'
        UNION ALL
        SELECT 'platform_fees', '', asset, fee, 0 FROM charge WHERE status = 'succeeded'
        UNION ALL
        SELECT 'user', user_id, asset, amount, 0 FROM refund
        UNION ALL
        SELECT 'partner_earnings', partner_id, asset, fee - amount, 0 FROM refund
        UNION ALL
        SELECT 'platform_fees', '', asset, -fee, 0 FROM refund
        UNION ALL
        SELECT 'user', user_id, asset, amount - reversed, 0 FROM top_up
            WHERE provider = 'stripe' AND status IN ('paid', 'refunded', 'disputed')
        UNION ALL
        SELECT 'stripe_clearing', '', asset, reversed - amount, 0 FROM top_up
            WHERE provider = 'stripe' AND status IN ('paid', 'refunded', 'disputed')
        UNION ALL
        SELECT kind, owner, asset, amount, 0 FROM (
            SELECT {kind} AS kind, a.owner, p.asset,
                CASE WHEN p.source_id = a.id THEN -p.amount ELSE p.amount END AS amount
            FROM transfer t JOIN posting p ON p.transfer_id = t.id
            JOIN account a ON a.id IN (p.source_id, p.destination_id)
            WHERE t.kind IN ('correction', 'write_off')
        ) AS correction
        UNION ALL
        SELECT {kind}, a.owner, a.asset, 0, a.balance FROM account a
        UNION ALL
        SELECT {kind}, a.owner, a.asset, 0, i.amount FROM balance_increment i JOIN account a ON a.id = i.account_id
    ) AS side
    GROUP BY kind, owner, asset HAVING sum(expected) <> sum(found) ORDER BY 2, 3
""".replace(
    "{kind}",
    "CASE WHEN a.kind IN ('user_wallet', 'user_held', 'user_frozen') THEN 'user'"
    " WHEN a.kind = 'operator_loss' AND a.owner <> '' THEN 'user' ELSE a.kind END",
)

RULES = (TRANSFERS, REFUNDS, REVERSALS, BALANCES)
