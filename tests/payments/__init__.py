"""Stripe, by way of the sandbox's double of it."""
