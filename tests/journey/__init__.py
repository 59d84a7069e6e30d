"""Tests of the whole journey."""
