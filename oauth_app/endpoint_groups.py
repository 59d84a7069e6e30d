"""Kinds of AI calls, by their path: what a grant may allow one by one, and what statistics are kept by."""

from enum import StrEnum
from functools import lru_cache


class EndpointGroup(StrEnum):
    """One kind of calls. The names are part of the contract: partners ask for them, and users see them."""

    CHAT = "chat"
    EMBEDDINGS = "embeddings"
    IMAGES = "images"
    AUDIO = "audio"
    FILES = "files"
    SEARCH = "search"
    REALTIME = "realtime"
    #: Lists of models, which cost nothing and say nothing of the user: always allowed.
    MODELS = "models"
    OTHER = "other"


#: What a user can allow or refuse.
CHOICES = tuple(group for group in EndpointGroup if group is not EndpointGroup.MODELS)

_GROUPS = {
    "/v1/chat": EndpointGroup.CHAT,
    "/v1/completions": EndpointGroup.CHAT,
    "/v1/responses": EndpointGroup.CHAT,
    "/v1/conversations": EndpointGroup.CHAT,
    "/v1/messages": EndpointGroup.CHAT,
    "/v1/complete": EndpointGroup.CHAT,
    "/v1/embeddings": EndpointGroup.EMBEDDINGS,
    "/v1/images": EndpointGroup.IMAGES,
    "/v1/audio": EndpointGroup.AUDIO,
    "/v1/files": EndpointGroup.FILES,
    "/v1/uploads": EndpointGroup.FILES,
    "/v1/containers": EndpointGroup.FILES,
    "/v1/realtime": EndpointGroup.REALTIME,
    "/v1/models": EndpointGroup.MODELS,
    "/models": EndpointGroup.MODELS,  # of a gateway
    "/api/v1/ai/chatgpt": EndpointGroup.CHAT,
    "/api/v1/ai/draw": EndpointGroup.IMAGES,
    "/api/v1/content": EndpointGroup.IMAGES,
    "/api/v1/ai/azure": EndpointGroup.AUDIO,
    "/api/v1/user/files": EndpointGroup.FILES,
    "/api/v1/f": EndpointGroup.FILES,
    "/api/v1/openapi/search": EndpointGroup.SEARCH,
    "/api/v1/pay/model-rates": EndpointGroup.MODELS,
}
#: Below it OhMyGPT serves the vendors' own paths once more, each set under a name: ``cc-omg/v1/messages``.
_GATEWAYS = "/api/v1/ai/openai/"


@lru_cache(maxsize=1024)
def group_of(path: str) -> EndpointGroup:
    """Return the kind of calls at a decoded path. OhMyGPT may not mind the case, so neither does this."""
    plain = path.lower().rstrip("/")
    if plain.startswith(_GATEWAYS):
        plain = "/" + plain.removeprefix(_GATEWAYS).partition("/")[2]
    while plain:
        if group := _GROUPS.get(plain):
            return group
        plain = plain.rpartition("/")[0]
    return EndpointGroup.OTHER
