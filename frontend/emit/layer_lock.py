"""The files that make uv install exactly one layer.

A virtual project whose lock names every package of the layer as a direct dependency, each reduced
to what installing needs. Hashes stay verified and no index page is read; and because nothing else
is in it, the bytes move only when the layer's own packages do. uv 0.5.31 and later accept it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import tomli_w
from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from frontend.container.downloads import local
from frontend.container.paths import ARTIFACTS, TOOLS, source_path, step_path
from frontend.container.uv_settings import builds, built, offline
from frontend.container.uv_settings import project as project_settings
from frontend.emit.git_checkout import directory
from frontend.model.layers import Kind
from frontend.model.packages import filename_of
from frontend.project.uv_config import is_local_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.model.git_source import GitSource
    from frontend.model.interpreter import Interpreter
    from frontend.model.layers import Layer
    from frontend.model.packages import LocalPackage, LockedPackage


#: Name of the virtual project; `steps/uv_run.py` keeps it out of what the user sees.
PROJECT = "uv-frontend-layer"
_ARTIFACT_KEYS = ("url", "path", "filename", "hash")
#: Any Python that a frontend step can run on: the lock is for one interpreter, chosen already.
_ANY_PYTHON = ">=3.8"


def write_layer_lock(
    layer: Layer,
    target: Interpreter,
    settings: Mapping[str, Any],
    checkouts: Mapping[str, GitSource] | None = None,
    *,
    hermetic: bool = False,
) -> dict[str, str]:
    """Return `pyproject.toml`, `uv.lock` and `uv.toml` for an installed layer, by name.

    For wheels of members there is `constraints.txt` as well, if anything constrains builds.
    `checkouts` are packages from git whose checkout is there already. In a `hermetic` layer all
    packages lie in a folder. `origins.json` says what to note about those that uv sees as local.
    """
    checkouts = checkouts or {}
    origins = {name: source.origin for name, source in checkouts.items()}
    if layer.members:
        packages = [{"name": m.name, "source": _source(m, layer)} for m in layer.members]
    else:
        packages = [
            _checked_out(package, checkouts[package.name])
            if package.name in checkouts
            else _fetched(package, package.name in built(settings, layer), origins)
            if hermetic and not local(package)
            else _stripped(package, target)
            for package in layer.packages
        ]
    root = {
        "name": PROJECT,
        "version": "0",
        "source": {"virtual": "."},
        "dependencies": [{"name": package["name"]} for package in packages],
    }
    lock: dict[str, Any] = {"version": 1, "requires-python": _ANY_PYTHON}
    constraints = settings.get("build-constraint-dependencies")
    if constraints and builds(settings, layer):
        lock["manifest"] = {"build-constraints": [_requirement(text) for text in constraints]}
    lock["package"] = [root, *packages]
    manifest = {"project": {"name": PROJECT, "version": "0", "requires-python": _ANY_PYTHON}}
    chosen = offline(settings, layer, TOOLS) if hermetic else project_settings(settings, layer)
    found = {
        "pyproject.toml": tomli_w.dumps(manifest),
        "uv.lock": tomli_w.dumps(lock),
        "uv.toml": tomli_w.dumps(chosen),
    }
    if origins:
        # What is in each keeps its order, which is uv's.
        found["origins.json"] = json.dumps(dict(sorted(origins.items())))
    if layer.kind is Kind.WHEEL and constraints:
        found["constraints.txt"] = "".join(f"{text}\n" for text in constraints)
    return found


def _source(member: LocalPackage, layer: Layer) -> dict[str, str]:
    if layer.kind is Kind.EDITABLE:
        # The link that uv writes must hold in the image: sources lie there as they do in the step.
        return {"editable": member_place(member)}
    return {"directory": source_path(member.path)}


def member_place(member: LocalPackage) -> str:
    """Return where an image has the sources of a member that is installed as a link to them."""
    return f"/{step_path(member.path)}"


def portable(layer: Layer, target: Interpreter) -> bool:
    """Whether the layer's wheels are the same for every platform."""
    return all(
        _filename(wheel).endswith("-any.whl")
        for package in layer.packages
        for wheel in package.table.get("wheels", ())
        if _kin(wheel, target)
    )


def _checked_out(package: LockedPackage, source: GitSource) -> dict[str, Any]:
    return {"name": package.name, "source": {"directory": directory(package.name, source)}}


def _stripped(package: LockedPackage, target: Interpreter) -> dict[str, Any]:
    table = package.table
    source = dict(table["source"])
    if "path" in source:
        source["path"] = source_path(source["path"])
    if is_local_index(str(source.get("registry", ""))):
        source["registry"] = source_path(source["registry"])
    found: dict[str, Any] = {"name": package.name}
    if package.version:
        found["version"] = package.version
    found["source"] = source
    if "sdist" in table:
        found["sdist"] = _artifact(table["sdist"])
    wheels = [_artifact(w) for w in table.get("wheels", ()) if _kin(w, target)]
    if wheels:
        found["wheels"] = wheels
    return found


def _fetched(package: LockedPackage, sdist: bool, origins: dict[str, Any]) -> dict[str, Any]:
    """Write a package that BuildKit has fetched: as from an index that is a folder.

    One from an address of its own is a file to uv; what uv notes of that goes into `origins`.
    """
    artifact = package.source_artifact if sdist else package.artifact
    assert artifact is not None
    place = f"{ARTIFACTS}/{artifact.filename}"
    found: dict[str, Any] = {"name": package.name}
    if package.version:
        found["version"] = package.version
    if package.registry:
        file = {"path": artifact.filename, "hash": artifact.digest}
        found["source"] = {"registry": ARTIFACTS}
    else:
        file = {"filename": artifact.filename, "hash": artifact.digest}
        found["source"] = {**package.table["source"], "path": place}
        origins[package.name] = {"url": found["source"].pop("url")}
    if artifact.filename.endswith(".whl"):
        found["wheels"] = [file]
    else:
        found["sdist"] = file if package.registry else {"hash": artifact.digest}
    return found


def _requirement(text: str) -> dict[str, Any]:
    """Write a requirement as locks do: a frozen sync takes build constraints from nowhere else."""
    requirement = Requirement(text)
    found: dict[str, Any] = {"name": canonicalize_name(requirement.name)}
    if requirement.marker:
        found["marker"] = str(requirement.marker)
    if requirement.url:
        found["url"] = requirement.url
    else:
        found["specifier"] = str(requirement.specifier)
    return found


def _artifact(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: table[key] for key in _ARTIFACT_KEYS if key in table}


def _kin(wheel: Mapping[str, Any], target: Interpreter) -> bool:
    """Whether the wheel could fit this Python and architecture, whatever the libc's version."""
    filename = _filename(wheel)
    if filename.endswith("-none-any.whl") and "-py3-" in filename:
        return True
    if target.machine not in filename and "-any.whl" not in filename:
        return False
    try:
        return not target.tags_for_any_libc.isdisjoint(parse_wheel_filename(filename)[3])
    except InvalidWheelFilename:
        return True


def _filename(wheel: Mapping[str, Any]) -> str:
    name = wheel.get("filename") or wheel.get("url") or wheel.get("path") or ""
    return filename_of(str(name))
