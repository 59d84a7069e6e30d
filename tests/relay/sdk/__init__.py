"""The vendors' own packages and those built on them, against the whole hub; only the base URL differs."""
