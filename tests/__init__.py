"""Tests: unit tests, and tests that build on real engines."""
