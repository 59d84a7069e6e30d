"""The modules of the OpenID Foundation's certification plans, each a test of ours; README.md has the table."""
