"""Builds from every kind of context, on real engines."""
