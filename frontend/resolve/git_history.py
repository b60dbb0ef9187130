"""The versions of members that are made from git: told by the user, or by the history.

The history is that of the build context. A member's own build backend is asked, in a step that
sees a checkout of the last commit, so that every plugin has its own rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomli_w

import llb
from frontend.container import secrets
from frontend.container.links import link_mounts
from frontend.container.paths import ENVIRONMENT, ROOT, TOOLS
from frontend.container.uv_settings import offline, project
from frontend.errors import FrontendError
from frontend.gateway import GatewayError
from frontend.inputs.first_reads import read_text
from frontend.model.layers import Kind, Layer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from frontend.container.downloads import HermeticSources
    from frontend.container.environment import BuildEnvironment
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.model.packages import LocalPackage


#: What a member is built as whose version nobody can tell.
UNKNOWN = "0.0.0"
#: Where a step sees the history, below the folder that all have.
CHECKOUT = "checkout"


def resolve_versions(
    gateway: Gateway,
    inputs: BuildInputs,
    wanted: Sequence[LocalPackage],
    builder: BuildEnvironment,
    hermetic: HermeticSources | None = None,
    *,
    tell: bool = True,
) -> dict[str, str]:
    """Return the versions of `wanted` by name; FrontendError where git or a backend has none.

    The history is looked at in a step of its own, so that a commit builds a member anew only where
    its version is another one then. A warning where there is no history to look at, if `tell` says
    so.
    """
    given = inputs.settings.spec.version
    if given:
        return {member.name: given for member in wanted}
    missing = _missing(gateway, inputs, builder)
    if missing:
        if tell:
            _warn(gateway, inputs, wanted, missing)
        return {member.name: UNKNOWN for member in wanted}
    readings = [_reading(gateway, inputs, builder, member, hermetic) for member in wanted]
    found = gateway.together(*readings)
    return {member.name: version for member, version in zip(wanted, found, strict=True)}


def _warn(
    gateway: Gateway, inputs: BuildInputs, wanted: Sequence[LocalPackage], missing: str
) -> None:
    member = wanted[0]
    gateway.warn(
        f"the version of {member.name!r} is made from git, and {missing}: it is {UNKNOWN} now. "
        "Tell it: --build-arg version=1.2.3",
        places=(inputs.workspace.manifest(member).place("project", "dynamic"),),
    )


def _missing(gateway: Gateway, inputs: BuildInputs, builder: BuildEnvironment) -> str:
    """What a look at the history lacks; empty where it lacks nothing."""
    head = ".git/HEAD"
    loaded = gateway.solve(inputs.context.named_files([head], "git head"))
    if read_text(loaded, head) is None:
        return "the build context has no git directory"
    return "" if builder.git else "the builder image has no git"


def _reading(
    gateway: Gateway,
    inputs: BuildInputs,
    builder: BuildEnvironment,
    member: LocalPackage,
    hermetic: HermeticSources | None,
) -> Callable[[], str]:
    def read() -> str:
        try:
            step = _step(inputs, builder, member, hermetic)
            return gateway.solve(step).read_file("version").decode().strip()
        except GatewayError as error:
            said = error.step_end or error
            raise FrontendError(
                f"the version of {member.name!r} cannot be made from git: {said}",
                remedy="What was printed stands above. A shallow clone has no tags: fetch them, or "
                "tell the version: --build-arg version=1.2.3",
                places=(inputs.workspace.manifest(member).place("project", "dynamic"),),
            ) from error

    return read


def _step(
    inputs: BuildInputs,
    builder: BuildEnvironment,
    member: LocalPackage,
    hermetic: HermeticSources | None,
) -> llb.Output:
    """Ask the member's build backend, in a clean checkout of the last commit."""
    settings = inputs.workspace.root.get("tool", "uv") or {}
    layer = Layer(Kind.MEMBER, members=(member,))
    chosen = offline(settings, layer, TOOLS) if hermetic else project(settings, layer)
    generated = llb.files(
        llb.SCRATCH,
        llb.Mkfile("/uv.toml", tomli_w.dumps(chosen).encode(), timestamp=0),
        meta=llb.Metadata(name=f"[internal] settings of {member.name}"),
    )
    history = inputs.context.selected([".git"], "git directory")
    where = f"{ROOT}/{CHECKOUT}"
    discarding = builder.capabilities.supports("exec.mount.bind.readwrite-nooutput")
    return builder.install(
        [inputs.workspace.path(member), member.name],
        script="version",
        name=f"[internal] version of {member.name}",
        building=True,
        env={"UV_CONFIG_FILE": f"{ROOT}/lock/uv.toml", **(ENVIRONMENT if hermetic else {})},
        network=hermetic is None,
        mounts=[
            llb.Bind(f"{ROOT}/lock", generated),
            llb.Discarded(where, history) if discarding else llb.Writable(where, history),
            *(hermetic.mounts(layer) if hermetic else secrets.mounts(settings, layer)),
            *([] if hermetic else link_mounts(settings, inputs.workspace, inputs.context)),
        ],
    )
