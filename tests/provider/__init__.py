"""The OpenID provider, driven by Authlib's own client and attacked by raw requests."""
