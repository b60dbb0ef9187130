"""Scripts that run inside the user's containers; they import nothing but the standard library.

They must work on every Python that uv can install for (3.8 and later). BuildKit keys a step by the
script's bytes, so an edit here rebuilds every layer once: keep them small and settled.
"""

from importlib.resources import files


def script(name: str) -> bytes:
    """Return the bytes of the step `name` (`layer`, `probe`, …) as they enter a build."""
    return files(__name__).joinpath(f"{name}.py").read_bytes()
