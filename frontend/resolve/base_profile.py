"""The profile of a base: what is known of it, and what follows from it and the spec."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frontend.container.base_changes import change_base
from frontend.errors import FrontendError
from frontend.model import accounts as account_rules
from frontend.model import base_changes
from frontend.model.base import VENV
from frontend.resolve import system_packages

if TYPE_CHECKING:
    from frontend.container.environment import BuildEnvironment
    from frontend.container.writer import StepWriter
    from frontend.inputs.inputs import BuildInputs
    from frontend.model.accounts import Accounts
    from frontend.model.base import BaseImage, Prefix
    from frontend.model.base_changes import BaseChange
    from frontend.model.distribution import Distribution
    from frontend.model.interpreter import Interpreter
    from frontend.resolve.provided import Provided


@dataclass(frozen=True)
class BaseProfile:
    """What is known of the base of one platform, and what follows from it and the spec.

    `interpreter` is the Python that the image runs; `managed` says that it is not the base's own.
    `changes` are made in the base's own file system, the first lowest. `provided` is what the base
    has of the package's dependencies. With `prefix`, packages go to the base's own Python instead
    of a venv.
    """

    image: BaseImage
    distribution: Distribution
    accounts: Accounts
    interpreter: Interpreter
    managed: bool = False
    provided: Provided | None = None
    prefix: Prefix | None = None
    changes: tuple[BaseChange, ...] = ()


def profile_base(
    inputs: BuildInputs,
    image: BaseImage,
    distribution: Distribution,
    interpreter: Interpreter,
    *,
    managed: bool = False,
) -> BaseProfile:
    """Derive from the base what the spec asks for; FrontendError at the key that is wrong."""
    packages = system_packages.asked(inputs.settings, distribution, image.name, build=False)
    accounts = _accounts(inputs, image, distribution)
    own_venv = not inputs.settings.spec.venv
    removed = [base_changes.RemovePath(VENV)] if distribution.environment and own_venv else []
    created = [base_changes.CreateUser(account) for account in accounts.created]
    return BaseProfile(
        image,
        distribution,
        accounts,
        interpreter,
        managed,
        changes=(*packages, *removed, *created),
    )


def with_tools(
    inputs: BuildInputs, writer: StepWriter, env: BuildEnvironment, distribution: Distribution
) -> BuildEnvironment:
    """Give `env`, whose image is described by `distribution`, what `build-apt` and so on name."""
    env = replace(env, has_git="git" in distribution.programs)
    packages = system_packages.asked(inputs.settings, distribution, env.image.name, build=True)
    if not packages:
        return env
    tools = env.rootfs
    for package in packages:
        tools = change_base(package, tools, env, writer, f"[builder] {package.title}")
    name = "-".join(package.report.partition(".")[0] for package in packages)
    has_git = env.has_git or any(n.startswith("git") for p in packages for n in p.names)
    return replace(
        env, tools=tools, tools_name=name, tool_packages=tuple(packages), has_git=has_git
    )


def _accounts(inputs: BuildInputs, image: BaseImage, distribution: Distribution) -> Accounts:
    spec, settings = inputs.settings.spec, inputs.settings
    user, owner = spec.user or "", spec.owner or ""
    try:
        return account_rules.choose(
            user, owner, image.user, distribution.passwd, distribution.group
        )
    except FrontendError as error:
        places = settings.origin("user") + settings.origin("owner")
        raise FrontendError(error.message, remedy=error.remedy, places=places) from error
