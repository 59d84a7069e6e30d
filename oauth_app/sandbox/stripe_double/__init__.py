"""A double of Stripe's API, its hosted pages and its webhooks, for the official SDK to talk to.

``/stripe`` in front of Stripe's own paths keeps them apart from the AI routes,
so the SDK is pointed at it by its base address alone.
"""
