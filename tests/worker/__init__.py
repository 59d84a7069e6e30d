"""Tests of ``oauth_app.worker``."""
