"""Talks over WebSockets through the relay."""
