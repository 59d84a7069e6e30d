"""How much AI calls may spend."""
