"""The plans of the shop's services as text, made without an engine.

`python -m tests.shop.plans` writes them anew, to be reviewed as a diff.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import llb
from frontend.config.settings import from_arguments, from_manifest, merge_sources
from frontend.context import Context
from frontend.context.source import LocalSource
from frontend.errors import SourceFile
from frontend.inputs.inputs import BuildInputs
from frontend.model.base import BaseImage
from frontend.model.packages import Selection
from frontend.plan.partition import text
from frontend.project.workspace import Workspace, find_packages, open_workspace
from frontend.request import Request
from frontend.resolve.closure import select_packages
from frontend.resolve.consistency import differences
from frontend.resolve.export import export
from frontend.targets.image import make_plan
from frontend.toml_document import TomlDocument
from tests.unit.frontend.targets import target

GOLDEN = Path(__file__).with_name("plans")
PACKAGES = ("api", "worker", "data", "report")


def plan_text(folder: Path, package: str, *, python: str = "3.13.5", **arguments: str) -> str:
    """Plan the image of `package` of the workspace in `folder`, for that Python on amd64.

    `arguments` are further build arguments.
    """
    files = {
        name: SourceFile(name, (folder / name).read_text())
        for name in ("pyproject.toml", "uv.lock")
    }
    workspace = open_workspace(".", files)
    given = from_arguments({"package": package, **arguments})
    (chosen,) = find_packages(workspace, merge_sources(given))
    path = workspace.manifest_path(chosen)
    manifest = TomlDocument.parse(SourceFile(path, (folder / path).read_text()))
    workspace = Workspace(".", workspace.root, workspace.lock, manifests={chosen.name: manifest})
    settings = merge_sources(given, from_manifest(manifest), from_manifest(workspace.root))
    platform = llb.Platform("linux", "amd64")
    request = Request(MappingProxyType({}), "", platform)
    selection = Selection(package, settings.spec.extras or (), settings.spec.groups or ())
    inputs = BuildInputs(
        request, Context(LocalSource("context", "")), settings, workspace, (chosen,), selection
    )
    exported = export(
        {**{name: source.text for name, source in files.items()}, path: manifest.source.text},
        selection,
    )
    base = BaseImage("python:3.13-slim", "", "", {})
    on = target(python)
    closure = select_packages(exported, workspace.lock, on)
    # What uv has resolved always fits together.
    assert not list(differences(workspace.lock, selection, closure, on))
    return text(make_plan(inputs, closure, on, base), (chosen.name,))


def main() -> None:
    """Lock the shop and write every plan."""
    from examples import lock

    folder = Path(lock.__file__).with_name("shop")
    lock.lock(folder)
    GOLDEN.mkdir(exist_ok=True)
    for package in PACKAGES:
        (GOLDEN / f"{package}.txt").write_text(plan_text(folder, package))


if __name__ == "__main__":
    main()
