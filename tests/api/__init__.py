"""Tests of ``oauth_app.api``."""
