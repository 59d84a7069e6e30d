"""An emulator of the provider: a program of its own, met only over HTTP.

It imports nothing from the rest of the package, and nothing imports it. Start
it with ``python -m oauth_app.sandbox``; README.md beside this file says what it
answers and how sure we are of each part.
"""
