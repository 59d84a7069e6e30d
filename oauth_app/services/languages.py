"""The languages in which the hub speaks to people."""

#: Code -> the language's own name for itself.
LANGUAGES = {"en": "English", "zh": "中文"}
