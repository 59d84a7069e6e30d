"""Tests of the Stripe double: Stripe's own SDK drives it over HTTP, and verifies its webhooks."""
