"""Packages that the base has already, and that are not installed again: the key `provided`.

The environment then sees the base's packages behind its own, by `include-system-site-packages` in
`pyvenv.cfg`; a base whose Python is itself in an environment is seen by a `.pth` file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

import llb
from frontend.container.paths import LAYER, ROOT
from frontend.container.scripts import steps
from frontend.errors import FrontendError
from frontend.findings import Finding
from frontend.resolve.probe import probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.container.environment import BuildEnvironment
    from frontend.container.writer import StepWriter
    from frontend.errors import Location
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.model.packages import Closure


@dataclass(frozen=True)
class Provided:
    """What `patterns` name of what the base has: versions by name.

    `environment` are folders of packages that `include-system-site-packages` does not cover.
    """

    patterns: tuple[str, ...]
    versions: Mapping[str, str]
    environment: tuple[str, ...] = ()

    def names(self, name: str) -> bool:
        """Whether the package of this normalized name is the base's to provide."""
        return any(fnmatchcase(name, pattern) for pattern in self.patterns)

    def without_provided(self, closure: Closure) -> Closure:
        """What has to be installed of `closure`."""
        kept = tuple(p for p in closure.third_party if not self.names(p.name))
        return replace(closure, third_party=kept)

    def version_conflicts(self, closure: Closure) -> list[tuple[str, str, str]]:
        """Packages that the base has in another version: name, the base's, the lock's."""
        return [
            (package.name, self.versions[package.name], package.version)
            for package in closure.third_party
            if self.names(package.name)
            and package.name in self.versions
            and _public(self.versions[package.name]) != _public(package.version)
        ]


def probe_provided(
    gateway: Gateway, writer: StepWriter, base_env: BuildEnvironment, patterns: tuple[str, ...]
) -> Provided:
    """Ask the base's Python, in `base_env`, what it has."""
    name = base_env.image.name
    step = writer.run(
        base_env,
        # Not without site: its folders are what is asked for.
        [base_env.interpreter.path, "-I", f"{ROOT}/steps/provided.py", f"{LAYER}/provided.json"],
        name=f"[internal] look for packages in {name}",
        mounts=[llb.Bind(f"{ROOT}/steps", steps("provided"))],
        network=False,
    )
    report = probe(gateway, step, "/provided.json", name)
    normalized = tuple(canonicalize_name(pattern) for pattern in patterns)
    return Provided(normalized, report["distributions"], tuple(report["environment"]))


def check_provided(
    inputs: BuildInputs, base: str, provided: Provided, closure: Closure
) -> tuple[Finding, ...]:
    """Return other versions; FrontendError for a name without wildcard that the base lacks."""
    places: tuple[Location, ...] = inputs.settings.origin("provided")
    needed = {package.name for package in closure.third_party}
    for pattern in provided.patterns:
        if pattern in needed and pattern not in provided.versions:
            raise FrontendError(
                f"{base} has no {pattern}, and provided names it",
                remedy="Remove it from `provided`, so that it is installed, or choose a `base` "
                "whose Python has it.",
                places=places,
            )
    return tuple(
        Finding(
            None,
            f"{base} has {name} {version}, and the lock {locked}: the base's is used",
            places,
        )
        for name, version, locked in provided.version_conflicts(closure)
    )


def _public(version: str) -> str:
    try:
        return Version(version).public
    except InvalidVersion:
        return version
