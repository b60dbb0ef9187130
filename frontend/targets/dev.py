"""The target `dev`: the package to work on.

Members are installed as links to their sources, which lie below /src as they do in the workspace:
whatever is mounted or synchronised there is what runs. Dependency groups that uv installs by
default are there as well. Third-party packages are in the layers that the image has them in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from frontend.container.paths import DEV_SOURCES
from frontend.emit.layer_lock import member_place
from frontend.model.layers import FileCopy, FilesLayer, Kind, Layer, MembersLayer, Plan
from frontend.project import groups
from frontend.project.workspace import MANIFEST, check_selection
from frontend.targets import image

if TYPE_CHECKING:
    from frontend.inputs.inputs import BuildInputs
    from frontend.resolve.platform import ResolvedPlatform
    from frontend.targets.result import TargetResult


#: What test runners, linters and type checkers read in the root of a workspace.
ROOT_FILES = (
    MANIFEST,
    "conftest.py",
    "mypy.ini",
    "pyrightconfig.json",
    "pytest.ini",
    "ruff.toml",
    "setup.cfg",
    "tox.ini",
)


def select(inputs: BuildInputs) -> BuildInputs:
    """Take the default groups besides what the image takes."""
    workspace, root = inputs.workspace, inputs.workspace.lock.root_groups()
    defaults = (
        group
        for package in inputs.packages
        for group in groups.defaults(workspace, package)
        if group in {*workspace.lock.groups(package.name), *root}
    )
    chosen = dict.fromkeys((*inputs.selection.groups, *defaults))
    selection = replace(inputs.selection, groups=tuple(chosen))
    check_selection(inputs.workspace, inputs.settings, selection)
    return replace(inputs, selection=selection)


def make(resolved: ResolvedPlatform) -> TargetResult:
    """Lay third-party packages, links and sources on the base."""
    run = replace(image.started(resolved), workdir=workdir(resolved.inputs))
    return image.assemble(resolved, make_plan(resolved), run)


def workdir(inputs: BuildInputs) -> str:
    """Return where containers start: in the package's directory, as one does at home."""
    return member_place(inputs.package)


def make_plan(resolved: ResolvedPlatform) -> Plan:
    """Plan the image's layers with links in place of members."""
    made = image.planned(resolved, workdir=workdir(resolved.inputs))
    layers = tuple(map(_linked, made.layers))
    if any(member.path == "." for layer in layers for member in layer.members):
        return replace(made, layers=layers)
    # What the root has for tools is no part of any member. It lies below them: it changes less.
    first = next((n for n, layer in enumerate(layers) if layer.members), len(layers))
    root = FilesLayer(
        tuple(FileCopy(name, f"{DEV_SOURCES}/{name}") for name in ROOT_FILES), Kind.ROOT
    )
    return replace(made, layers=(*layers[:first], root, *layers[first:]))


def _linked(layer: Layer) -> Layer:
    return replace(layer, kind=Kind.EDITABLE) if isinstance(layer, MembersLayer) else layer
