"""What is known before a platform is looked at: the settled spec, the workspace, the selection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from frontend import context as contexts
from frontend import spec as specs
from frontend import workspace as workspaces
from frontend.closure import UV_VERSION, Selection, export
from frontend.errors import FrontendError
from frontend.freshness import compare
from frontend.manifest import for_export

if TYPE_CHECKING:
    from packaging.pylock import Pylock

    from frontend.context import Context, FirstReads
    from frontend.errors import Place
    from frontend.gateway import Gateway
    from frontend.lock import LocalPackage
    from frontend.request import Request
    from frontend.spec import Settings
    from frontend.workspace import Workspace


@dataclass(frozen=True)
class Job:
    """Everything that is known before a platform is looked at."""

    request: Request
    context: Context
    settings: Settings
    workspace: Workspace
    package: LocalPackage
    selection: Selection


def read(gateway: Gateway, request: Request, reads: FirstReads) -> Job:
    """Read what `reads` has begun and the package's manifest, and settle the spec."""
    arguments = specs.from_arguments(request.arguments)
    build_file, folder, files = reads.build_file(), reads.folder, reads.head()
    body = specs.from_build_file(specs.parse_build_file(build_file.source))
    first = specs.settle(arguments, body)
    if first.spec.workspace and contexts.workspace_path(first.spec.workspace, ".") != folder:
        folder = contexts.workspace_path(first.spec.workspace, ".")
        files = contexts.head(gateway, reads.context, folder)
    context = reads.context
    if not context.source.remote:
        context = replace(context, ignore=build_file.ignore or files.get(".dockerignore"))
    workspace = workspaces.open_workspace(folder, files, first.place("workspace"))
    root = specs.from_manifest(workspace.root)
    settings = specs.settle(arguments, body, root)
    if settings.spec.package:
        package = workspaces.find_package(workspace, settings)
    else:
        misplaced = specs.misplaced(body, "package") or specs.misplaced(root, "package")
        package, workspace = workspaces.only_package(gateway, context, workspace, misplaced)
    workspace = workspaces.read_manifests(gateway, context, workspace, [package])
    manifest = workspace.manifest(package)
    settings = specs.settle(arguments, body, specs.from_manifest(manifest), root)
    selection = Selection(package.name, settings.spec.extras or (), settings.spec.groups or ())
    workspaces.check_selection(workspace, settings, selection)
    return Job(request, context, settings, workspace, package, selection)


def read_closure(gateway: Gateway, job: Job) -> tuple[Pylock, Workspace]:
    """Let uv name the closure, and read the manifests of the directories in it.

    FrontendError where the lock does not fit them, before anything slow is waited for.
    """
    workspace = job.workspace
    files = {
        "pyproject.toml": for_export(workspace.root),
        "uv.lock": workspace.lock.document.source.text,
    }
    if job.package.path != ".":
        manifest = workspace.manifest(job.package)
        files[f"{job.package.path}/pyproject.toml"] = manifest.source.text
    names = workspace.lock.local_closure(
        job.package.name, job.selection.extras, job.selection.groups
    )
    needed = [workspace.lock.local_packages[name] for name in names]

    def read_and_check() -> Workspace:
        found = workspaces.read_manifests(gateway, job.context, workspace, needed)
        check_lock(gateway, replace(job, workspace=found))
        return found

    # In this order: uv says less well what is wrong with a lock that is out of date.
    found, pylock = gateway.together(
        read_and_check,
        lambda: export(files, job.selection, (workspace.lock.place(job.package.name),)),
    )
    return pylock, found


def note_uv_version(gateway: Gateway, workspace: Workspace) -> None:
    """Say so where the workspace wants another uv than the frontend has."""
    wanted = workspace.root.get("tool", "uv", "required-version")
    try:
        fits = not isinstance(wanted, str) or SpecifierSet(wanted).contains(UV_VERSION)
    except InvalidSpecifier:
        # uv takes a bare version, too.
        fits = wanted == UV_VERSION
    if not fits:
        gateway.warn(
            f"tool.uv.required-version asks for {wanted}; the image is made with uv {UV_VERSION}",
            places=(workspace.root.place("tool", "uv", "required-version"),),
        )


def check_lock(gateway: Gateway, job: Job) -> None:
    """Compare the lock with the manifests that matter; the key `lock` says what a difference does.

    FrontendError where it is strict (the default) and more than a member's version differs.
    """
    note_uv_version(gateway, job.workspace)
    mode = job.settings.spec.lock or "strict"
    if mode == "off":
        return
    lock, workspace, selection = job.workspace.lock, job.workspace, job.selection
    names = lock.local_closure(selection.package, selection.extras, selection.groups)
    for name in names:
        member = lock.local_packages[name]
        if name not in lock.members:
            continue
        groups = selection.groups if name == selection.package else ()
        for drift in compare(lock, member, workspace.manifest(member), groups):
            if mode == "strict" and not drift.harmless:
                raise FrontendError(
                    f"the lock is out of date: {drift.message}",
                    remedy="Run `uv lock` and commit the result "
                    '(or set `lock = "warn"` to build what the lock says).',
                    places=(drift.place,),
                )
            gateway.warn(f"uv.lock is out of date: {drift.message}", places=(drift.place,))


def base_places(job: Job) -> tuple[Place, ...]:
    """Where the choice of Python was made, the nearest first."""
    chosen = job.settings.origin("base") or job.settings.origin("python")
    if chosen:
        return chosen
    manifest = job.workspace.manifest(job.package)
    if manifest.get("project", "requires-python"):
        return (manifest.place("project", "requires-python"),)
    return (job.workspace.root.place("project", "requires-python"),)
