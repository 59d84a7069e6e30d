"""What must reach others: kept in the transaction of the fact, sent later, again and again until it is taken."""

from oauth_app.outbox.queue import Lease, Message, Outcome, enqueue, is_any_due, lease_due, settle

__all__ = ["Lease", "Message", "Outcome", "enqueue", "is_any_due", "lease_due", "settle"]
