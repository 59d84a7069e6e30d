"""Tests of ``oauth_app.services``."""
