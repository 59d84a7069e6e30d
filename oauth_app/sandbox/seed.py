"""The accounts every sandbox starts with."""

from typing import Final

#: All seeded accounts share it; the sign-in page prints it.
PASSWORD: Final = "sandbox"  # noqa: S105 - documented dummy

#: The end of 2099, so that the seeded membership never runs out in a test.
_FAR_FUTURE_S: Final = 4_102_444_799

#: A key of the operator's, for a hub to ask what everybody may know; it may use no model.
OPERATOR_KEY: Final = "sk-SandboxOperatorKey00T3BlbkFJNotASecret0000000000"
INSERT_KEY: Final = (
    "INSERT OR IGNORE INTO api_key (key, account_id, created_at_s, expires_at_s, permissions, remark) "
    "VALUES (?, 891, 0, 4102444799, '[]', 'demo hub')"
)

INSERT: Final = "INSERT INTO account (id, email, paid_cents, vip_until_s) VALUES (?, ?, ?, ?)"

#: (id, e-mail, paid balance in cents of a unit, end of VIP). 100 CNY are 3 400 000.00 units.
ACCOUNTS: Final = (
    (888, "alice@example.com", 3_400_000_00, None),
    (889, "bob@example.com", 0, None),
    (890, "carol@example.com", 340_000_00, _FAR_FUTURE_S),
    (891, "admin@example.com", 0, None),
)
