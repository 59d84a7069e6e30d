"""Jobs in the background. Two workers at once do no harm: every job only makes conditional changes."""

from oauth_app.worker.loop import Worker, start

__all__ = ["Worker", "start"]
