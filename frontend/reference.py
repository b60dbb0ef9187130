"""Docker's image references in full form: `python:3.13` is `docker.io/library/python:3.13`.

The rules are those of distribution/reference (normalize.go), which BuildKit expects to have been
applied before a reference reaches it.
"""

from __future__ import annotations

import re

_DOMAIN = re.compile(
    r"^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$"
)
_PATH = re.compile(
    r"^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$"
)
_TAG = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")
_DIGEST = re.compile(r"^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}$")


def normalize(reference: str) -> str:
    """Return `reference` with domain, namespace and tag made explicit; ValueError if malformed."""
    name, at, digest = reference.partition("@")
    if at and not _DIGEST.match(digest):
        raise ValueError(f"invalid image reference {reference!r}: bad digest")
    head, slash, rest = name.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost" or head != head.lower()):
        domain, path = head, rest
    else:
        domain, path = "docker.io", name
    path, colon, tag = path.partition(":")
    if domain == "index.docker.io":
        domain = "docker.io"
    if domain == "docker.io" and "/" not in path:
        path = f"library/{path}"
    if not _DOMAIN.match(domain) or not _PATH.match(path) or (colon and not _TAG.match(tag)):
        raise ValueError(f"invalid image reference {reference!r}")
    if not colon and not at:
        tag = "latest"
    return f"{domain}/{path}" + (f":{tag}" if tag else "") + at + digest


def familiar(reference: str) -> str:
    """Return the short form of a full reference, as users write it."""
    short = reference.removeprefix("docker.io/")
    if short != reference:
        short = short.removeprefix("library/")
    return short
