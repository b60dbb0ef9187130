"""uv's `no-build` and `no-binary`: which packages may not be built from source, and which must be.

What must be is a built package from here on, whatever wheels there are of it: so it has a layer of
its own. What uv would refuse in a step is refused before any step runs, with the setting's line.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from frontend.errors import FrontendError
from frontend.model.packages import size_of_source
from frontend.project.uv_config import may_not_build, must_build

if TYPE_CHECKING:
    from frontend.errors import Location
    from frontend.model.packages import Closure, LocalPackage, LockedPackage
    from frontend.project.workspace import Workspace


def apply_build_rules(workspace: Workspace, closure: Closure) -> Closure:
    """Return `closure` with the packages that must be built as such.

    FrontendError for one that must be and has no source distribution, and for one that would be
    built and may not.
    """
    settings = workspace.root.get("tool", "uv") or {}
    found = []
    for locked in closure.third_party:
        package = locked
        if must_build(settings, locked.name) and not locked.built:
            package = _from_source(workspace, locked)
        if package.built and may_not_build(settings, locked.name):
            raise _not_built(workspace, package)
        found.append(package)
    for local in closure.local:
        # uv builds members whatever is forbidden, and no other directories.
        member = local.name in workspace.lock.members
        if not (member or local.virtual) and may_not_build(settings, local.name):
            raise _not_built(workspace, local)
    return replace(closure, third_party=tuple(found))


def _from_source(workspace: Workspace, package: LockedPackage) -> LockedPackage:
    source = package.source_artifact
    if source is not None:
        return replace(package, built=True, artifact=source, size=size_of_source(package))
    place, everything = _place(workspace, "no-binary", package.name)
    raise FrontendError(
        f"{package.name} {package.version} has no source distribution in the lock, and "
        f"{'no-binary' if everything else 'no-binary-package'} wants it built from one",
        remedy=f'Make an exception of it: `no-build-package = ["{package.name}"]`.'
        if everything
        else "Take it off that list, or choose a version that has one.",
        places=(place, workspace.lock.place(package.name, package.version)),
    )


def _not_built(workspace: Workspace, package: LockedPackage | LocalPackage) -> FrontendError:
    place, everything = _place(workspace, "no-build", package.name)
    exception = f'make an exception of it: `no-binary-package = ["{package.name}"]`.'
    return FrontendError(
        f"{package.name} {package.version} would be built from source, and "
        f"{'no-build' if everything else 'no-build-package'} forbids it",
        remedy="Choose a version that has a wheel for this image, or "
        + (exception if everything else "take it off that list."),
        places=(place, workspace.lock.place(package.name, package.version)),
    )


def _place(workspace: Workspace, setting: str, name: str) -> tuple[Location, bool]:
    """The line of the setting that is about a package, and whether it is about all of them."""
    root, path = workspace.root, ("tool", "uv", f"{setting}-package")
    for written in root.get(*path) or ():
        if canonicalize_name(str(written)) == name:
            return root.place_of(f'"{written}"', *path), False
    return root.place("tool", "uv", setting), True
