"""The root of every error that the hub raises on purpose.

An error carries numbers, not sentences; its text is for the log. What a caller reads is phrased where
errors become HTTP.
"""


class HubError(Exception):
    """Something that a caller can cause and should hear about."""
