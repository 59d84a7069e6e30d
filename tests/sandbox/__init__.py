"""Tests of the sandbox, over HTTP on a real socket."""
