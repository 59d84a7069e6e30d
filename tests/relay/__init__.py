"""Tests of ``oauth_app.relay`` and of what joins it to the hub."""
