"""Rules about the workspace and the keys; nothing of a platform is needed for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend import redaction
from frontend.errors import Location
from frontend.findings import (
    DEPRECATED_SETTING,
    IGNORED_README,
    PASSWORD_IN_ADDRESS,
    REQUIRED_VERSION,
    SECRET_IN_ENV,
    SETTING_WITHOUT_EFFECT,
    VIRTUAL_DEPENDENCY,
    Finding,
)
from frontend.model.uv import UV_VERSION
from frontend.project.lock_check import compare, stale
from frontend.project.uv_config import ineffective
from frontend.project.workspace import workspace_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from frontend.inputs.inputs import BuildInputs
    from frontend.model.packages import LocalPackage
    from frontend.toml_document import TomlDocument


#: Keys of `[tool.uv]` that uv's reference calls deprecated, and what it has instead.
_DEPRECATED = {
    "dev-dependencies": "the group `dev` in [dependency-groups]",
    "extra-index-url": "[[tool.uv.index]]",
    "index-url": "[[tool.uv.index]] with `default = true`",
}


def findings(inputs: BuildInputs) -> Iterator[Finding]:
    """Look at the manifests that were read, the ignore file, and the keys."""
    yield from required_version(inputs)
    manifests = {m.source.filename: m for m in inputs.workspace.manifests.values()}
    for manifest in (inputs.workspace.root, *manifests.values()):
        yield from _passwords(manifest)
        yield from _deprecated(manifest)
    for text, place in ineffective(inputs.workspace.root, manifests.values()):
        yield Finding(SETTING_WITHOUT_EFFECT, text, (place,))
    for name in inputs.local_names:
        member = inputs.workspace.lock.local_packages[name]
        if not member.virtual:
            yield from _readme(inputs, member)
        elif name not in inputs.selection.packages:
            yield Finding(
                VIRTUAL_DEPENDENCY,
                f"{name!r} is depended on and is no package: its dependencies are installed, and "
                "nothing of itself",
                (inputs.workspace.manifest(member).place("tool", "uv", "package"),),
            )
    yield from _environment(inputs)


def all_stale(inputs: BuildInputs) -> Iterator[Finding]:
    """Return every difference of lock and manifests, whatever the key `lock` says."""
    lock, selection = inputs.workspace.lock, inputs.selection
    for name in inputs.local_names:
        if name in lock.members:
            member = lock.local_packages[name]
            chosen = selection.groups if name in selection.packages else ()
            yield from map(stale, compare(lock, member, inputs.workspace.manifest(member), chosen))


def required_version(inputs: BuildInputs) -> Iterator[Finding]:
    """Say so where the workspace wants another uv than the frontend has, and names none."""
    root = inputs.workspace.root
    if root.get("tool", "uv", "required-version") is None:
        return
    # Imported where it is needed: most workspaces say nothing of the kind.
    from frontend.resolve.uv_image import admits, is_given, required

    wanted = required(inputs)
    if not is_given(inputs) and not admits(wanted, UV_VERSION):
        yield Finding(
            REQUIRED_VERSION,
            f"tool.uv.required-version asks for {wanted}; the frontend has uv {UV_VERSION}",
            (root.place("tool", "uv", "required-version"),),
        )


def _passwords(manifest: TomlDocument) -> Iterator[Finding]:
    source = manifest.source
    for number in source.passwords:
        yield Finding(
            PASSWORD_IN_ADDRESS,
            f"an address in {source.filename} holds a password, which is not used",
            (Location.line(source, number),),
        )


def _deprecated(manifest: TomlDocument) -> Iterator[Finding]:
    table = manifest.get("tool", "uv")
    for key, instead in _DEPRECATED.items():
        if isinstance(table, dict) and key in table:
            yield Finding(
                DEPRECATED_SETTING,
                f"tool.uv.{key} is deprecated: use {instead}",
                (manifest.place("tool", "uv", key),),
            )


def _readme(inputs: BuildInputs, member: LocalPackage) -> Iterator[Finding]:
    ignore = inputs.context.ignore
    if not ignore or member.name in inputs.context.members:
        return
    readme = inputs.workspace.manifest(member).get("project", "readme")
    name = readme.get("file") if isinstance(readme, dict) else readme
    if not isinstance(name, str):
        return
    path = workspace_path(inputs.workspace.path(member), name)
    line = inputs.context.ignoring(path)
    if line:
        yield Finding(
            IGNORED_README,
            f"{ignore.filename} keeps {path} out of the build, which package {member.name!r} names "
            "as its readme",
            (Location.line(ignore, line),),
        )


def _environment(inputs: BuildInputs) -> Iterator[Finding]:
    for name, value in (inputs.settings.spec.env or {}).items():
        if value and redaction.secret(name):
            places = tuple(_line(place, name) for place in inputs.settings.place("env"))
            yield Finding(
                SECRET_IN_ENV,
                f"env.{name} looks like a secret, and is part of the image",
                places,
            )


def _line(place: Location, name: str) -> Location:
    """Return the line of a table that sets `name`, or the first line of the table."""
    lines = place.source.text.split("\n")
    later = range(place.start, len(lines) + 1)
    return next((Location.line(place.source, n) for n in later if name in lines[n - 1]), place)
