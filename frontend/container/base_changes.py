"""How the base's own file system is changed: with file operations, or by a step in the base."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import llb
from frontend.container.paths import CA_SECRET, OWN
from frontend.container.scripts import steps
from frontend.model.base_changes import CreateUser, RemovePath, ReplaceDistributions, SystemPackages

if TYPE_CHECKING:
    from frontend.container.environment import StepImage
    from frontend.container.writer import StepWriter
    from frontend.model.base_changes import BaseChange

#: 1980-01-01 in nanoseconds, the time of every file that is added.
_TIME = 315532800 * 10**9


def change_base(
    change: BaseChange, rootfs: llb.Output, env: StepImage, writer: StepWriter, name: str
) -> llb.Output:
    """Return `rootfs`, of an image like that of `env`, with `change` made in it.

    `name` is the line in the progress.
    """
    if isinstance(change, RemovePath):
        return llb.files(rootfs, llb.Rm(change.path), meta=llb.Metadata(name=name))
    if isinstance(change, CreateUser):
        return _create(change, rootfs, name)
    if isinstance(change, ReplaceDistributions):
        return _remove_distributions(change, rootfs, env, writer, name)
    return _install(change, rootfs, env, writer, name)


def _create(user: CreateUser, rootfs: llb.Output, name: str) -> llb.Output:
    """Add the account by files alone: the base needs no shell for it."""
    created = user.created
    owner = llb.Owner(created.uid, created.gid)
    # Parents that exist keep their owner and mode.
    actions: list[llb.Action] = [llb.Mkdir("/etc", parents=True, timestamp=_TIME)]
    if created.home:
        actions += [
            llb.Mkfile("/etc/passwd", created.passwd.encode(), timestamp=_TIME),
            llb.Mkdir("/home", parents=True, timestamp=_TIME),
            llb.Mkdir(created.home, parents=True, mode=0o755, owner=owner, timestamp=_TIME),
        ]
    actions.append(llb.Mkfile("/etc/group", created.group.encode(), timestamp=_TIME))
    return llb.files(rootfs, *actions, meta=llb.Metadata(name=name))


def _remove_distributions(
    change: ReplaceDistributions,
    rootfs: llb.Output,
    env: StepImage,
    writer: StepWriter,
    name: str,
) -> llb.Output:
    script = f"{OWN}/files/replaced.py"
    packages = [package for package, _ in change.packages]
    return writer.modify_root(
        env,
        rootfs,
        [change.interpreter, "-I", "-B", script, *packages],
        name=name,
        variables={},
        mounts=[llb.Bind(f"{OWN}/files", steps("replaced"))],
    )


def _install(
    change: SystemPackages, rootfs: llb.Output, env: StepImage, writer: StepWriter, name: str
) -> llb.Output:
    script = files("frontend.steps").joinpath("system.sh").read_bytes()
    actions: list[llb.Action] = [llb.Mkfile("/system.sh", script, timestamp=0)]
    if change.sources:
        actions.append(llb.Mkfile("/sources.list", change.sources.encode(), timestamp=0))
    meta = llb.Metadata(name=f"[internal] step {change.manager}")
    cache = writer.cache_id(f"{change.manager}-{change.system}-{env.platform.architecture}")
    return writer.modify_root(
        env,
        rootfs,
        ["/bin/sh", f"{OWN}/files/system.sh", change.manager, change.report, *change.names],
        name=name,
        variables={"DEBIAN_FRONTEND": "noninteractive", "SOURCE_DATE_EPOCH": "315532800"},
        mounts=[
            llb.Bind(f"{OWN}/files", llb.files(llb.SCRATCH, *actions, meta=meta)),
            # Two package managers must not write to one set of lists at a time.
            llb.Cache(f"{OWN}/cache", cache, llb.Sharing.LOCKED),
            llb.Cache(f"{OWN}/reports", writer.cache_id("reports")),
            llb.Secret(f"{OWN}/ca.pem", CA_SECRET, optional=True),
        ],
    )
