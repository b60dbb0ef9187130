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
from frontend.findings import Finding
from frontend.gateway import GatewayError
from frontend.inputs.first_reads import read_text
from frontend.model.layers import MembersLayer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from frontend.container.downloads import HermeticSources
    from frontend.container.environment import BuildEnvironment
    from frontend.container.writer import StepWriter
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.model.packages import LocalPackage


#: What a member is built as whose version nobody can tell.
UNKNOWN = "0.0.0"
#: Where a step sees the history, below the folder that all have.
CHECKOUT = "checkout"


def resolve_versions(
    gateway: Gateway,
    writer: StepWriter,
    inputs: BuildInputs,
    members: Sequence[LocalPackage],
    env: BuildEnvironment,
    hermetic: HermeticSources | None = None,
) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Return the versions of `members` by name; FrontendError where git or a backend has none.

    The history is looked at in a step of its own, so that a commit builds a member anew only where
    its version is another one then. A finding where there is no history to look at.
    """
    given = inputs.settings.spec.version
    if given:
        return {member.name: given for member in members}, ()
    missing = _missing(gateway, inputs, env)
    if missing:
        finding = Finding(
            None,
            f"the version of {members[0].name!r} is made from git, and {missing}: it is {UNKNOWN} "
            "now. Tell it: --build-arg version=1.2.3",
            (inputs.workspace.manifest(members[0]).place("project", "dynamic"),),
        )
        return dict.fromkeys((member.name for member in members), UNKNOWN), (finding,)
    probes = [_probing(gateway, writer, inputs, env, member, hermetic) for member in members]
    versions = gateway.together(*probes)
    return {member.name: v for member, v in zip(members, versions, strict=True)}, ()


def _missing(gateway: Gateway, inputs: BuildInputs, env: BuildEnvironment) -> str:
    """What a look at the history lacks; empty where it lacks nothing."""
    head = ".git/HEAD"
    loaded = gateway.solve(inputs.context.named_files([head], "git head"))
    if read_text(loaded, head) is None:
        return "the build context has no git directory"
    return "" if env.has_git else "the builder image has no git"


def _probing(
    gateway: Gateway,
    writer: StepWriter,
    inputs: BuildInputs,
    env: BuildEnvironment,
    member: LocalPackage,
    hermetic: HermeticSources | None,
) -> Callable[[], str]:
    def probe_version() -> str:
        try:
            step = _step(writer, inputs, env, member, hermetic)
            return gateway.solve(step).read_file("version").decode().strip()
        except GatewayError as error:
            raise FrontendError(
                f"the version of {member.name!r} cannot be made from git: "
                f"{error.step_end or error}",
                remedy="What was printed stands above. A shallow clone has no tags: fetch them, or "
                "tell the version: --build-arg version=1.2.3",
                places=(inputs.workspace.manifest(member).place("project", "dynamic"),),
            ) from error

    return probe_version


def _step(
    writer: StepWriter,
    inputs: BuildInputs,
    env: BuildEnvironment,
    member: LocalPackage,
    hermetic: HermeticSources | None,
) -> llb.Output:
    """Ask the member's build backend, in a clean checkout of the last commit."""
    settings = inputs.workspace.root.get("tool", "uv") or {}
    layer = MembersLayer((member,))
    chosen = offline(settings, layer, TOOLS) if hermetic else project(settings, layer)
    generated = llb.files(
        llb.SCRATCH,
        llb.Mkfile("/uv.toml", tomli_w.dumps(chosen).encode(), timestamp=0),
        meta=llb.Metadata(name=f"[internal] settings of {member.name}"),
    )
    history = inputs.context.selected([".git"], "git directory")
    where = f"{ROOT}/{CHECKOUT}"
    discarding = writer.capabilities.supports("exec.mount.bind.readwrite-nooutput")
    return writer.install(
        env,
        [inputs.workspace.path(member), member.name],
        script="version",
        name=f"[internal] version of {member.name}",
        building=True,
        variables={"UV_CONFIG_FILE": f"{ROOT}/lock/uv.toml", **(ENVIRONMENT if hermetic else {})},
        network=hermetic is None,
        mounts=[
            llb.Bind(f"{ROOT}/lock", generated),
            llb.Discarded(where, history) if discarding else llb.Writable(where, history),
            *(hermetic.mounts(layer) if hermetic else secrets.mounts(settings, layer)),
            *([] if hermetic else link_mounts(settings, inputs.workspace, inputs.context)),
        ],
    )
