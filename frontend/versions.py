"""Versions that build backends take from git, handed to them where there is no git.

Each plugin has a variable of its own for that; a plugin ignores those of the others.
"""

from __future__ import annotations

import re

#: Variables that hold for whatever is built: setuptools-scm and what stands on it (hatch-vcs,
#: flit-scm), uv-dynamic-versioning, pdm-backend, poetry-dynamic-versioning.
_VARIABLES = (
    "SETUPTOOLS_SCM_PRETEND_VERSION",
    "UV_DYNAMIC_VERSIONING_BYPASS",
    "PDM_BUILD_SCM_VERSION",
    "POETRY_DYNAMIC_VERSIONING_BYPASS",
)


def pretended(name: str, version: str, *, alone: bool) -> dict[str, str]:
    """Return the variables that give package `name` its version.

    Only setuptools-scm knows variables for one package; the others' are set where the step builds
    nothing else (`alone`).
    """
    one = re.sub(r"[-_.]+", "_", name).upper()
    found = {f"SETUPTOOLS_SCM_PRETEND_VERSION_FOR_{one}": version}
    if alone:
        found |= dict.fromkeys(_VARIABLES, version)
    return found
