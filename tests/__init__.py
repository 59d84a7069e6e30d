"""Tests: each one is a sentence that must stay true."""
