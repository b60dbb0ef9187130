"""A BuildKit frontend that turns one member of a uv workspace into a container image."""

from __future__ import annotations
