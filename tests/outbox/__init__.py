"""Tests of ``oauth_app.outbox``."""
