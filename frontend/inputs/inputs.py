"""The inputs of a build: request, context, settings, workspace and what is selected of it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from frontend.config import settings as specs
from frontend.config.settings import (
    from_arguments,
    from_build_file,
    from_manifest,
    merge_sources,
    parse_build_file,
)
from frontend.errors import FrontendError
from frontend.findings import DEFAULT_POLICY, CheckPolicy
from frontend.inputs import first_reads, manifests
from frontend.model.packages import Selection
from frontend.project import groups
from frontend.project import workspace as workspaces
from frontend.project.lock_check import compare, stale
from frontend.project.workspace import workspace_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from frontend.config.keys import SpecSource
    from frontend.config.settings import Settings
    from frontend.context import Context
    from frontend.errors import Location
    from frontend.findings import Finding
    from frontend.gateway import Gateway
    from frontend.inputs.first_reads import FirstReads
    from frontend.model.packages import LocalPackage
    from frontend.project.workspace import Workspace
    from frontend.request import Request


@dataclass(frozen=True)
class BuildInputs:
    """Everything that is read before a platform is resolved.

    `packages` are those that the image is for, in the order they were named: the first is the main
    one.
    """

    request: Request
    context: Context
    settings: Settings
    workspace: Workspace
    packages: tuple[LocalPackage, ...]
    selection: Selection
    check_policy: CheckPolicy = DEFAULT_POLICY
    findings: tuple[Finding, ...] = ()

    @property
    def package(self) -> LocalPackage:
        """The main package."""
        return self.packages[0]

    @property
    def others(self) -> tuple[LocalPackage, ...]:
        """The packages of the image besides the main one."""
        return self.packages[1:]

    @cached_property
    def python_needs(self) -> tuple[groups.PythonNeed, ...]:
        """What the chosen dependency groups ask of Python."""
        return groups.python_needs(self.workspace, self.packages, self.selection.groups)

    @property
    def requires_python(self) -> str:
        """What the workspace admits, and the chosen groups do, as a version specifier."""
        needs = (need.specifier for need in self.python_needs)
        return ",".join(filter(None, (self.workspace.lock.requires_python, *needs)))

    @property
    def local_names(self) -> tuple[str, ...]:
        """The local packages that these may need on some platform, themselves included."""
        chosen, lock = self.selection, self.workspace.lock
        found = (lock.local_closure(name, chosen.extras, chosen.groups) for name in chosen.packages)
        return tuple(sorted({name for names in found for name in names}))


def open_workspace(
    gateway: Gateway, request: Request, reads: FirstReads, arguments: SpecSource
) -> tuple[Context, Workspace, SpecSource, tuple[Finding, ...]]:
    """Take what `reads` has begun: context, workspace, the build file's own keys, and findings.

    Where these say that the workspace is in another folder, it is read from there.
    """
    build_file, folder, files = reads.build_file(), reads.folder, reads.head()
    body = from_build_file(parse_build_file(build_file.source))
    first = merge_sources(arguments, body)
    if first.spec.workspace and workspace_path(first.spec.workspace, ".") != folder:
        folder = workspace_path(first.spec.workspace, ".")
        files = first_reads.head(gateway, reads.context, folder)
    context = reads.context
    if not context.source.remote:
        context = replace(context, ignore=build_file.ignore or files.get(".dockerignore"))
    workspace = workspaces.open_workspace(folder, files, first.place("workspace"))
    findings: tuple[Finding, ...] = ()
    if request.named_contexts:
        from frontend.inputs.members import misspelled_contexts, replace_members

        local = workspace.lock.local_packages
        findings = misspelled_contexts(request, local)
        with attached(findings):
            context = replace(context, members=replace_members(gateway, request, local))
    return context, workspace, body, findings


def read(gateway: Gateway, request: Request, reads: FirstReads) -> BuildInputs:
    """Read what `reads` has begun and the package's manifest, and settle the spec."""
    arguments = from_arguments(request.arguments)
    context, workspace, body, findings = open_workspace(gateway, request, reads, arguments)
    with attached(findings):
        policy = check_policy(request, reads)
        root = from_manifest(workspace.root)
        settings = merge_sources(arguments, body, root)
        if settings.spec.package:
            packages = workspaces.find_packages(workspace, settings)
        else:
            misplaced = specs.misplaced(body, "package") or specs.misplaced(root, "package")
            package, workspace = manifests.only_package(gateway, context, workspace, misplaced)
            packages = (package,)
        workspace = manifests.read_manifests(gateway, context, workspace, packages)
        tables = [specs.from_manifest(workspace.manifest(package)) for package in packages]
        settings = specs.merge_sources(arguments, body, *tables, root)
        selection = select(workspace, packages, settings)
        workspaces.check_selection(workspace, settings, selection)
    return BuildInputs(
        request, context, settings, workspace, tuple(packages), selection, policy, findings
    )


def check_policy(request: Request, reads: FirstReads) -> CheckPolicy:
    """Return which findings the user wants to hear of; FrontendError without a build file."""
    return CheckPolicy.of(request, reads.build_file().source.text)


@contextmanager
def attached(findings: Iterable[Finding]) -> Iterator[None]:
    """Attach `findings` to an error that ends the block, which they may explain."""
    try:
        yield
    except FrontendError as error:
        error.findings = (*findings, *error.findings)
        raise


def select(workspace: Workspace, packages: Sequence[LocalPackage], settings: Settings) -> Selection:
    """Say what `settings` choose of `packages`, whose manifests have been read."""
    spec = settings.spec
    chosen = spec.groups or ()
    if spec.default_groups:
        defaults = (groups.defaults(workspace, package) for package in packages)
        more = (name for found in defaults for name in found if name != groups.DEV)
        chosen = tuple(dict.fromkeys((*chosen, *more)))
    names = tuple(package.name for package in packages)
    return Selection(names[0], spec.extras or (), chosen, names[1:])


def check_lock(inputs: BuildInputs) -> tuple[Finding, ...]:
    """Compare the lock with the manifests that matter; the key `lock` says what a difference does.

    FrontendError where it is strict (the default) and more than a member's version differs.
    """
    findings: list[Finding] = []
    mode = inputs.settings.spec.lock or "strict"
    if mode == "off":
        return ()
    lock, workspace, selection = inputs.workspace.lock, inputs.workspace, inputs.selection
    for name in inputs.local_names:
        member = lock.local_packages[name]
        if name not in lock.members:
            continue
        chosen = selection.groups if name in selection.packages else ()
        for mismatch in compare(lock, member, workspace.manifest(member), chosen):
            if mode == "strict" and not mismatch.harmless:
                error = FrontendError(
                    f"the lock is out of date: {mismatch.message}",
                    remedy="Run `uv lock` and commit the result "
                    '(or set `lock = "warn"` to build what the lock says).',
                    places=(mismatch.place,),
                )
                error.findings = tuple(findings)
                raise error
            findings.append(stale(mismatch))
    return tuple(findings)


def base_places(inputs: BuildInputs) -> tuple[Location, ...]:
    """Where the choice of Python was made, the nearest first."""
    chosen = inputs.settings.origin("base") or inputs.settings.origin("python")
    if chosen:
        return chosen
    manifest = inputs.workspace.manifest(inputs.package)
    if manifest.get("project", "requires-python"):
        return (manifest.place("project", "requires-python"),)
    return (inputs.workspace.root.place("project", "requires-python"),)


def named_for_all(inputs: BuildInputs) -> tuple[str, ...]:
    """Return what `include` names for every member: not in the package's own manifest, that is."""
    own = inputs.workspace.manifest(inputs.package).source.filename
    named = [place.source.filename for place in inputs.settings.place("include")]
    return () if own in named else inputs.settings.spec.include or ()
