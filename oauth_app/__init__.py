"""OhMyGPT Connect: sign-in, billing and AI calls for OhMyGPT users at partner sites."""
