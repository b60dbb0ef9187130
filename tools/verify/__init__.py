"""Rebuild a published image from what its provenance says, and compare the two.

`python3 -m tools.verify IMAGE`: the standard library, and `docker buildx` for everything that
touches a registry or an engine.
"""
