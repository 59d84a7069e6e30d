"""What is done on purpose to the aftermath of a storm, at least once for each check, so that it must find it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Spoiling:
    """Something done on purpose, and the check that must find it."""

    check: str
    database: str
    statement: str


#: Of holds, refunds, and money that went back.
ENDS_SPOILED = (
    Spoiling(
        check="holds_have_one_end",
        database="hub.db",
        statement="UPDATE hold SET status = 'voided', captured_amount = 0, fee = 0 WHERE id ="
        " (SELECT max(id) FROM hold WHERE status = 'captured')",
    ),
    Spoiling(
        check="holds_have_one_end",
        database="hub.db",
        statement="UPDATE charge SET amount = amount + 1, fee = 0 WHERE id ="
        " (SELECT max(id) FROM charge WHERE hold_id IS NOT NULL)",
    ),
    Spoiling(
        check="holds_end_in_time",
        database="hub.db",
        statement="UPDATE hold SET settled_at = expires_at WHERE status = 'captured'",
    ),
    Spoiling(
        check="holds_end_in_time",
        database="hub.db",
        statement="UPDATE hold SET status = 'pending', expires_at = '2020-01-01 00:00:00.000000' WHERE id ="
        " (SELECT max(id) FROM hold WHERE status <> 'captured')",
    ),
    Spoiling(
        check="held_money_is_of_open_holds",
        database="hub.db",
        statement="UPDATE account SET balance = balance + 1 WHERE id ="
        " (SELECT max(id) FROM account WHERE kind = 'user_held')",
    ),
    Spoiling(
        check="nothing_is_unasked",
        database="hub.db",
        statement="UPDATE refund SET idempotency_key = 'of nobody' WHERE id = (SELECT max(id) FROM refund)",
    ),
    Spoiling(
        check="nothing_is_unasked",
        database="hub.db",
        statement="UPDATE hold SET amount = amount + 1 WHERE id = (SELECT max(id) FROM hold)",
    ),
    Spoiling(
        check="refunds_are_paid_once",
        database="hub.db",
        statement="DELETE FROM refund WHERE id = (SELECT max(id) FROM refund)",
    ),
    Spoiling(
        check="refunds_are_paid_once",
        database="hub.db",
        statement="UPDATE charge SET refunded = refunded - 1 WHERE refunded > 0",
    ),
    Spoiling(
        check="what_went_back_is_taken_back",
        database="hub.db",
        statement="UPDATE top_up SET reversed = reversed - 1 WHERE reversed > 0",
    ),
    Spoiling(
        check="what_went_back_is_taken_back",
        database="sandbox.db",
        statement="DELETE FROM stripe_object WHERE kind = 'refund'",
    ),
    Spoiling(
        check="what_went_back_is_taken_back",
        database="hub.db",
        statement="UPDATE top_up SET status = 'disputed' WHERE id ="
        " (SELECT max(id) FROM top_up WHERE provider = 'stripe' AND status IN ('paid', 'refunded'))",
    ),
    Spoiling(
        check="alarms_are_right",
        database="hub.db",
        statement="UPDATE stripe_event SET needs_look = 1, outcome = 'unknown_order' WHERE id ="
        " (SELECT max(id) FROM stripe_event)",
    ),
    Spoiling(
        check="alarms_are_right",
        database="sandbox.db",
        statement="UPDATE stripe_object SET body = json_set(body, '$.amount', 100000000)"
        " WHERE kind = 'refund' AND json_extract(body, '$.status') <> 'failed'",
    ),
)

SPOILINGS = (
    Spoiling(
        check="books_are_right",
        database="hub.db",
        statement="DELETE FROM posting WHERE id = (SELECT max(id) FROM posting)",
    ),
    Spoiling(
        check="books_say_what_the_rows_say",
        database="hub.db",
        statement="UPDATE charge SET fee = fee + 1 WHERE id = (SELECT max(id) FROM charge WHERE status = 'succeeded')",
    ),
    Spoiling(
        check="nothing_is_charged_twice",
        database="sandbox.db",
        statement="INSERT INTO movement (account_id, kind, cents, reference, remark, created_at_s)"
        " SELECT account_id, kind, cents, 'again', remark, created_at_s FROM movement WHERE kind = 'charge' LIMIT 1",
    ),
    Spoiling(
        check="charges_are_what_ohmygpt_did",
        database="hub.db",
        statement="UPDATE charge SET status = 'failed' WHERE id ="
        " (SELECT max(id) FROM charge WHERE status = 'succeeded' AND funding = 'upstream')",
    ),
    Spoiling(
        check="charges_are_what_ohmygpt_did",
        database="sandbox.db",
        statement="DELETE FROM movement WHERE kind = 'charge'",
    ),
    Spoiling(
        check="nothing_hangs",
        database="hub.db",
        statement="UPDATE charge SET status = 'pending' WHERE id = (SELECT max(id) FROM charge)",
    ),
    Spoiling(
        check="upstream_balances_agree",
        database="sandbox.db",
        statement="UPDATE account SET paid_cents = paid_cents - 1 WHERE email = 'user-0@example.com'",
    ),
    Spoiling(
        check="wallets_agree",
        database="hub.db",
        statement="UPDATE account SET balance = balance + 1 WHERE id ="
        " (SELECT max(id) FROM account WHERE kind = 'user_wallet')",
    ),
    Spoiling(
        check="nothing_paid_is_uncredited",
        database="hub.db",
        statement="UPDATE top_up SET status = 'expired' WHERE id ="
        " (SELECT max(id) FROM top_up WHERE provider = 'stripe' AND status = 'paid')",
    ),
    Spoiling(
        check="nothing_paid_is_uncredited",
        database="hub.db",
        statement="INSERT INTO transfer (id, kind, reference, created_at)"
        " SELECT 'tr_again', 'top_up', max(id), '2026-01-01' FROM top_up WHERE status = 'open' AND provider = 'stripe'",
    ),
    Spoiling(
        check="ohmygpt_payments_are_seen",
        database="hub.db",
        statement="UPDATE top_up SET status = 'expired' WHERE provider = 'ohmygpt' AND status = 'paid'",
    ),
    Spoiling(
        check="promises_are_kept",
        database="hub.db",
        statement="UPDATE charge SET status = 'unknown' WHERE status = 'succeeded'",
    ),
    *ENDS_SPOILED,
)
