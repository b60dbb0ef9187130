"""Everything that may happen to a workspace between two builds of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tests.caching.scenario import Scenario


class Change(Protocol):
    """Makes another scenario of one."""

    def __call__(self, before: Scenario) -> Scenario:
        """Return what comes after."""
        ...


@dataclass(frozen=True)
class Nothing:
    """The same build once more."""

    def __call__(self, before: Scenario) -> Scenario:
        return before


@dataclass(frozen=True)
class Edit:
    """A line of a member's code."""

    member: str
    edition: str = "second"

    def __call__(self, before: Scenario) -> Scenario:
        edited = before.workspace.edited(self.member, edition=self.edition)
        return replace(before, workspace=edited)


@dataclass(frozen=True)
class Bump:
    """A member's version, in its manifest and in the lock."""

    member: str
    version: str = "1.0.1"

    def __call__(self, before: Scenario) -> Scenario:
        edited = before.workspace.edited(self.member, version=self.version)
        return replace(before, workspace=edited)


@dataclass(frozen=True)
class Add:
    """A dependency of a member; `group` is the dependency group that it joins, if any."""

    package: str
    to: str
    group: str = ""

    def __call__(self, before: Scenario) -> Scenario:
        member = before.workspace.members[self.to]
        if self.group:
            groups = {**member.groups, self.group: (*member.groups[self.group], self.package)}
            edited = before.workspace.edited(self.to, groups=groups)
        else:
            requires = (*member.requires, self.package)
            edited = before.workspace.edited(self.to, requires=requires)
        return replace(before, workspace=edited)


@dataclass(frozen=True)
class Remove:
    """A dependency of a member; `group` is the dependency group that it leaves, if any."""

    package: str
    of: str
    group: str = ""

    def __call__(self, before: Scenario) -> Scenario:
        member = before.workspace.members[self.of]
        if self.group:
            left = tuple(name for name in member.groups[self.group] if name != self.package)
            groups = {**member.groups, self.group: left}
            edited = before.workspace.edited(self.of, groups=groups)
        else:
            left = tuple(name for name in member.requires if name != self.package)
            edited = before.workspace.edited(self.of, requires=left)
        return replace(before, workspace=edited)


@dataclass(frozen=True)
class Upgrade:
    """The locked version of a package."""

    package: str
    version: str

    def __call__(self, before: Scenario) -> Scenario:
        workspace = before.workspace
        versions = {**workspace.versions, self.package: self.version}
        return replace(before, workspace=replace(workspace, versions=versions))


@dataclass(frozen=True)
class LintSettings:
    """Settings of a linter, in a member's manifest or (without one) in the root's."""

    member: str = ""

    def __call__(self, before: Scenario) -> Scenario:
        tools = {"ruff": {"line-length": 99}, "mypy": {"strict": True}}
        if self.member:
            edited = before.workspace.edited(self.member, tools=tools)
        else:
            edited = replace(before.workspace, tools=tools)
        return replace(before, workspace=edited)


@dataclass(frozen=True)
class DevDependency:
    """A dependency of a member's group `dev`, which no image holds."""

    package: str
    to: str

    def __call__(self, before: Scenario) -> Scenario:
        member = before.workspace.members[self.to]
        groups = {**member.groups, "dev": (self.package,)}
        return replace(before, workspace=before.workspace.edited(self.to, groups=groups))


@dataclass(frozen=True)
class WidenRequiresPython:
    """The versions of Python that a member admits."""

    member: str
    to: str

    def __call__(self, before: Scenario) -> Scenario:
        edited = before.workspace.edited(self.member, requires_python=self.to)
        return replace(before, workspace=edited)


@dataclass(frozen=True)
class Touch:
    """The modification time of every file."""

    seconds: int = 1_500_000_000

    def __call__(self, before: Scenario) -> Scenario:
        return replace(before, time=self.seconds)


@dataclass(frozen=True)
class Umask:
    """The umask of whoever checked the workspace out."""

    umask: int

    def __call__(self, before: Scenario) -> Scenario:
        return replace(before, umask=self.umask)


@dataclass(frozen=True)
class Owner:
    """The user that the files belong to."""

    user: int

    def __call__(self, before: Scenario) -> Scenario:
        return replace(before, owner=self.user)


@dataclass(frozen=True)
class CheckoutPath:
    """The folder that the workspace is checked out in."""

    path: str

    def __call__(self, before: Scenario) -> Scenario:
        return replace(before, folder=self.path)


@dataclass(frozen=True)
class Option:
    """An option of the build, such as another tag or label."""

    option: str

    def __call__(self, before: Scenario) -> Scenario:
        return replace(before, options=(*before.options, self.option))


@dataclass(frozen=True)
class OtherService:
    """Another service of the same workspace is built."""

    package: str

    def __call__(self, before: Scenario) -> Scenario:
        return replace(before, package=self.package)


@dataclass(frozen=True)
class NewServiceLike:
    """A new service with the dependencies of an old one is built."""

    package: str
    like: str

    def __call__(self, before: Scenario) -> Scenario:
        workspace = before.workspace
        workspace = workspace.with_member(self.package, workspace.members[self.like])
        return replace(before, workspace=workspace, package=self.package)
