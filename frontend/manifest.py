"""A member's manifest as its build sees it: without what only people and linters read.

Written anew from the parsed file, so that comments and settings of tools that take no part in
building don't rebuild the member.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import tomli_w

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Tables of `[tool]` that no build backend reads.
NOT_FOR_BUILDS = (
    "bandit",
    "basedpyright",
    "black",
    "codespell",
    "commitizen",
    "coverage",
    "flake8",
    "importlinter",
    "interrogate",
    "isort",
    "mypy",
    "nox",
    "poe",
    "pylint",
    "pyrefly",
    "pyright",
    "pytest",
    "ruff",
    "semantic_release",
    "taskipy",
    "tox",
    "towncrier",
    "ty",
    "uv-frontend",
    "vulture",
)


def for_building(manifest: Mapping[str, Any]) -> str:
    """Return the manifest that a member is built with.

    Dependency groups go too: they are uv's, and the lock has settled them.
    """
    kept = copy.deepcopy(dict(manifest))
    kept.pop("dependency-groups", None)
    tools = kept.get("tool", {})
    for name in NOT_FOR_BUILDS:
        tools.pop(name, None)
    if not tools:
        kept.pop("tool", None)
    return tomli_w.dumps(kept)
