"""Rules about what an image stands on, and what there is for its platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend import findings
from frontend.findings import Finding
from frontend.project.manifest import compiler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from frontend.inputs.inputs import BuildInputs
    from frontend.model.packages import Closure
    from frontend.resolve.platform import ResolvedPlatform


def wheels(resolved: ResolvedPlatform) -> Iterator[Finding]:
    """Name each package without a wheel for the site, at its own place in the lock."""
    target, lock = resolved.base.interpreter, resolved.inputs.workspace.lock
    for package in resolved.closure.third_party:
        if package.built:
            yield Finding(
                findings.MISSING_WHEEL,
                f"{package.name} {package.version} has no wheel for Python {target.minor} on "
                f"{target.machine} with {target.libc.name}: it is built from source, and its "
                "layer may differ from one machine to the next",
                (lock.place(package.name, package.version),),
            )


def built(inputs: BuildInputs, closure: Closure) -> Iterator[Finding]:
    """Name all packages without a wheel in one finding, for the warnings of a build."""
    packages = [package for package in closure.third_party if package.built]
    if packages:
        names = ", ".join(f"{package.name} {package.version}" for package in packages)
        yield Finding(
            findings.MISSING_WHEEL,
            f"no wheel for this image, built from source: {names}. "
            "Its layer may differ from one machine to the next.",
            (inputs.workspace.lock.place(packages[0].name, packages[0].version),),
        )


def compiled(inputs: BuildInputs, closure: Closure) -> Iterator[Finding]:
    """Say which members are compiled, as far as their manifests tell."""
    members = [
        (local.name, place)
        for local in closure.local
        if not local.virtual and (place := compiler(inputs.workspace.manifest(local)))
    ]
    if members:
        yield Finding(
            findings.COMPILED_MEMBER,
            f"built by a compiler: {', '.join(name for name, _ in members)}. "
            "Its layer may differ from one machine to the next.",
            (members[0][1],),
        )


def bases(inputs: BuildInputs) -> Iterator[Finding]:
    """Look at the images that the keys name; the ones that are chosen for the user are ours."""
    spec = inputs.settings.spec
    for key, name in (("base", spec.base), ("builder", spec.builder)):
        if name and name != "scratch" and "@" not in name:
            yield Finding(
                findings.UNPINNED_BASE,
                f"{key} {name!r} has no digest: its tag can be moved to another image",
                inputs.settings.place(key),
            )
