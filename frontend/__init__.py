"""A BuildKit frontend that turns one member of a uv workspace into a container image."""
