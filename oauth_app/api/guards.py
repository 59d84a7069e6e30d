"""Who may call an endpoint. Every blueprint names one of these, so that none is open by forgetting."""


def public() -> None:
    """Anybody may call; what is told or done depends on what the request itself proves."""
