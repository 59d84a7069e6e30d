"""The limits of AI calls in words."""

from flask_babel import gettext as _

from oauth_app.call_limits import CallLimits
from oauth_app.endpoint_groups import EndpointGroup
from oauth_app.web.formatting import as_cny


def endpoint_words() -> dict[str, str]:
    """Return what each kind of calls is, in the reader's language."""
    return {
        EndpointGroup.CHAT: _("Chat and text"),
        EndpointGroup.EMBEDDINGS: _("Embeddings, for searching in texts"),
        EndpointGroup.IMAGES: _("Pictures"),
        EndpointGroup.AUDIO: _("Speech and sound"),
        EndpointGroup.FILES: _("Your files at OhMyGPT"),
        EndpointGroup.SEARCH: _("Web search"),
        EndpointGroup.REALTIME: _("Live talks"),
        EndpointGroup.OTHER: _("Everything else"),
    }


def call_words(limits: CallLimits) -> list[str]:
    """Return each limit in words, in the reader's language."""
    words = []
    if limits.spend_per_day is not None:
        words.append(_("AI calls up to %(amount)s a day", amount=as_cny(limits.spend_per_day)))
    if limits.spend_per_month is not None:
        words.append(_("AI calls up to %(amount)s a month", amount=as_cny(limits.spend_per_month)))
    if limits.calls_per_minute is not None:
        words.append(_("%(n)s AI calls a minute", n=limits.calls_per_minute))
    if limits.calls_at_once is not None:
        words.append(_("%(n)s AI calls at the same time", n=limits.calls_at_once))
    return words + _list_words(limits)


def _list_words(limits: CallLimits) -> list[str]:
    words = []
    if limits.models is not None:
        words.append(_("only these models: %(names)s", names=", ".join(limits.models)))
    if limits.endpoints is not None:
        known = endpoint_words()
        words.append(_("only these calls: %(kinds)s", kinds=", ".join(known[group] for group in limits.endpoints)))
    return words
