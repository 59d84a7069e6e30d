"""Areas that answer with pictures: Midjourney, ND, Flux and OpenAI's images."""
