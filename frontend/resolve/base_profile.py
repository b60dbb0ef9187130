"""What an image stands on besides its base and Python: users, and what is changed in the base."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frontend.container.base_changes import change_base
from frontend.errors import FrontendError
from frontend.model import accounts as accounts_module
from frontend.model import base_changes
from frontend.model.base import VENV, BaseImage
from frontend.resolve import system_packages

if TYPE_CHECKING:
    from frontend.container.environment import BuildEnvironment
    from frontend.inputs.inputs import BuildInputs
    from frontend.model.accounts import Accounts
    from frontend.model.base import Prefix
    from frontend.model.base_changes import BaseChange
    from frontend.model.distribution import Distribution
    from frontend.resolve.provided import Provided


@dataclass(frozen=True)
class BaseProfile:
    """What is known of the base, and what follows from it and the spec.

    `changes` are made in the base's own file system, the first lowest; `managed` says that Python
    is not the base's, `provided` what of the package's dependencies is. With `prefix` there is no
    environment: packages go to the base's own Python.
    """

    system: Distribution
    accounts: Accounts
    changes: tuple[BaseChange, ...] = ()
    managed: bool = False
    provided: Provided | None = None
    prefix: Prefix | None = None


def profile_base(
    inputs: BuildInputs, base: BaseImage, system: Distribution, *, managed: bool = False
) -> BaseProfile:
    """Look at the base for what the spec asks for; FrontendError at the key that is wrong."""
    packages = system_packages.asked(inputs.settings, system, base.name, build=False)
    people = _accounts(inputs, base, system)
    own = not inputs.settings.spec.venv
    removed = [base_changes.RemovePath(VENV)] if system.environment and own else []
    created = [base_changes.CreateUser(each) for each in people.created]
    return BaseProfile(system, people, (*packages, *removed, *created), managed)


def with_tools(
    inputs: BuildInputs, builder: BuildEnvironment, system: Distribution
) -> BuildEnvironment:
    """Give the builder, whose image is described by `system`, what `build-apt` and so on name."""
    tools = builder.filesystem
    builder = replace(builder, git="git" in system.programs)
    packages = system_packages.asked(inputs.settings, system, builder.image.name, build=True)
    for each in packages:
        tools = change_base(each, tools, builder, f"[builder] {each.title}")
    if not packages:
        return builder
    names = "-".join(each.report.partition(".")[0] for each in packages)
    git = builder.git or any(name.startswith("git") for each in packages for name in each.names)
    return replace(builder, tools=tools, tools_name=names, preparing=tuple(packages), git=git)


def _accounts(inputs: BuildInputs, base: BaseImage, system: Distribution) -> Accounts:
    spec, settings = inputs.settings.spec, inputs.settings
    user, owner = spec.user or "", spec.owner or ""
    try:
        return accounts_module.choose(user, owner, base.user, system.passwd, system.group)
    except FrontendError as error:
        places = settings.origin("user") + settings.origin("owner")
        raise FrontendError(error.message, remedy=error.remedy, places=places) from error
