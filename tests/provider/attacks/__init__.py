"""Attacks on the authorization endpoint (RFC 9700), each of which must fail; one theme a file."""
