"""``/developers``: where a partner looks after its own sites."""

from oauth_app.web.developers import failures, front, secrets, settings, sites, usage

#: The modules whose blueprints make the console.
DEVELOPER_PAGES = (front, sites, settings, secrets, failures, usage)
