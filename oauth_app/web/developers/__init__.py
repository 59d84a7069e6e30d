"""``/developers``: where a partner looks after its own sites."""

from oauth_app.web.developers import event_log, failures, front, secrets, settings, sites, statements, usage, webhooks

#: The modules whose blueprints make the console.
DEVELOPER_PAGES = (front, sites, settings, secrets, failures, usage, statements, webhooks, event_log)
