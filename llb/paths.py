"""Paths inside a filesystem of the build: always POSIX, whatever this program runs on."""

from __future__ import annotations

import posixpath


def clean(path: str) -> str:
    """The shortest path that means the same (as Go's `path.Clean` does it)."""
    # POSIX lets two leading slashes mean something else, and normpath keeps them for that.
    return posixpath.normpath("/" + path.lstrip("/") if path.startswith("/") else path)


def absolute(path: str, what: str) -> str:
    """`path`, cleaned. Raises ValueError, naming `what` it is, if it is not absolute."""
    if not path.startswith("/"):
        raise ValueError(f"{what} must be an absolute path, not {path!r}")
    if "\0" in path:
        raise ValueError(f"{what} must not contain a NUL character: {path!r}")
    return clean(path)


def destination(path: str, what: str) -> str:
    """Like `absolute`, but a trailing `/` or `/.` stays: to a copy it means a directory.

    The rule is that of BuildKit's Go client (client/llb/fileop.go).
    """
    cleaned = absolute(path, what)
    if path.endswith("/"):
        return cleaned if cleaned == "/" else cleaned + "/"
    if path.endswith("/."):
        return "/." if cleaned == "/" else cleaned + "/."
    return cleaned
