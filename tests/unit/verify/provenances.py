"""Provenances of both forms, as BuildKit writes them."""

from __future__ import annotations

from typing import Any

COMMIT = "98d7b03cb0ab53daf8cb3c4f51bbdbdec1b7cb22"
#: Of the frontend and of the base.
DIGESTS = ("c8" * 32, "f9" * 32)
ARGUMENTS = {
    "build-arg:package": "api",
    "build-arg:SOURCE_DATE_EPOCH": "1700000000",
    "label:team": "shop",
    "target": "test",
    "add-hosts": "one=10.0.0.1,two=10.0.0.2",
    "platform": "linux/amd64",
    "source": "org/uv-frontend:1",
    "cmdline": "org/uv-frontend:1",
    "no-cache": "",
    "context:core": "https://git.example/core.git#main",
}
MATERIALS: list[dict[str, Any]] = [
    {"uri": "pkg:docker/org/uv-frontend@1", "digest": {"sha256": DIGESTS[0]}},
    {"uri": "pkg:docker/python@3.13-slim?platform=linux%2Famd64", "digest": {"sha256": DIGESTS[1]}},
    {"uri": "https://git.example/core.git#main", "digest": {"sha1": COMMIT}},
]


def first(**about: Any) -> dict[str, Any]:
    """A provenance of the form 0.2, as BuildKit writes it."""
    parameters = {"frontend": "gateway.v0", "args": ARGUMENTS, **about.get("parameters", {})}
    origin = {"uri": "https://git.example/shop.git#main:x", "digest": {"sha1": COMMIT}}
    return {
        "invocation": {
            "configSource": about.get("origin", {**origin, "entryPoint": "api.Dockerfile"}),
            "parameters": parameters,
        },
        "materials": MATERIALS,
        "metadata": {
            "completeness": {"parameters": about.get("complete", True)},
            "https://mobyproject.org/buildkit@v1#metadata": {"vcs": about.get("vcs", {})},
        },
    }


def second() -> dict[str, Any]:
    """The same of the form 1."""
    origin = {"uri": "https://git.example/shop.git#main:x", "digest": {"sha1": COMMIT}}
    return {
        "buildDefinition": {
            "externalParameters": {
                "configSource": {**origin, "path": "api.Dockerfile"},
                "request": {"frontend": "gateway.v0", "args": ARGUMENTS},
            },
            "resolvedDependencies": MATERIALS,
        },
        "runDetails": {"metadata": {"buildkit_completeness": {"request": True}}},
    }
