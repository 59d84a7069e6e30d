"""JSON for programs: parse, guard, open the transaction, call a service, phrase the answer."""
