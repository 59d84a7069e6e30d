"""OpenID Connect towards partners; the only part that speaks Authlib's server.

Authlib runs the pipelines of the protocol. What stands here is what it leaves to its users (our rows
instead of its own) and what it leaves out or does otherwise than we want; each place says which.
"""
