"""The guides, run as their readers run them."""
