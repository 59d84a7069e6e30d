"""Every drawing route, for the application's list, and every operation, for the developer page."""

from typing import Final

from oauth_app.sandbox.drawing import flux, gallery, mj_api, mj_queries, nd, openai_images

ROUTES: Final = (
    *mj_api.ROUTES,
    *mj_queries.ROUTES,
    *flux.ROUTES,
    *nd.ROUTES,
    *openai_images.ROUTES,
    *gallery.ROUTES,
)

#: (method, path, what it does, provenance)
OPERATIONS: Final = (
    ("POST", "/api/v1/ai/draw/mj/imagine", "Midjourney: four pictures of a prompt", "documented"),
    ("POST", "/api/v1/ai/draw/mj/action", "Midjourney: press a button of a task", "observed"),
    ("POST", "/api/v1/ai/draw/mj/blend", "Midjourney: one picture of two to five", "observed"),
    ("POST", "/api/v1/ai/draw/mj/describe", "Midjourney: prompts for a picture", "observed"),
    ("POST", "/api/v1/ai/draw/mj/query", "Midjourney: one task", "documented"),
    ("POST", "/api/v1/ai/draw/mj/query-mj-tasks", "Midjourney: tasks by pages", "documented"),
    ("GET", "/api/v1/content/mj-generated/{imageS3Url}", "Midjourney: a picture", "observed"),
    ("GET", "/api/v1/content/generated/{name}", "A picture of the others", "inferred"),
    ("POST", "/api/v1/ai/draw/nd/imagine", "ND: a picture", "observed"),
    ("POST", "/api/v1/ai/draw/flux/schnell", "Flux schnell", "documented"),
    ("POST", "/api/v1/ai/draw/flux/dev", "Flux dev", "documented"),
    ("POST", "/api/v1/ai/draw/flux/pro", "Flux pro", "inferred"),
    ("POST", "/api/v1/ai/draw/flux/pro-11", "Flux 1.1 pro", "documented"),
    ("POST", "/api/v1/ai/draw/flux/pro-ultra-11", "Flux 1.1 pro ultra", "documented"),
    ("POST", "/v1/images/generations", "OpenAI images", "documented"),
    ("POST", "/v1/images/edits", "OpenAI image edits", "documented"),
)
