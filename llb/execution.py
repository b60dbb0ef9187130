"""Running a command in a container."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from llb import capabilities, paths
from llb.graph import Draft, Operation, Output, Vertex
from llb.metadata import NO_METADATA, Metadata
from llb.mounts import Bind, Mount, Secret, Ssh, Writable
from llb.pb import ops_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llb.platform import Platform


class Network(Enum):
    """Which network the command sees. HOST needs an entitlement of the build."""

    SANDBOX = "sandbox"
    HOST = "host"
    NONE = "none"


class Security(Enum):
    """What the command may do. INSECURE, all that root may, needs an entitlement of the build."""

    SANDBOX = "sandbox"
    INSECURE = "insecure"


_NETWORK = {
    Network.SANDBOX: ops_pb2.UNSET,
    Network.HOST: ops_pb2.HOST,
    Network.NONE: ops_pb2.NONE,
}
_SECURITY = {
    Security.SANDBOX: ops_pb2.SANDBOX,
    Security.INSECURE: ops_pb2.INSECURE,
}


@dataclass(frozen=True, slots=True)
class SecretEnv:
    """An environment variable whose value is a secret of the client (BuildKit 0.10).

    An optional secret that the client does not have leaves the variable empty.
    """

    name: str
    id: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Host:
    """A line of /etc/hosts. The address is not part of the cache key."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Ulimit:
    """A resource limit by its name in Docker (`nofile`); -1 is unlimited (BuildKit 0.10)."""

    name: str
    soft: int
    hard: int


@dataclass(frozen=True, slots=True)
class Proxy:
    """Proxies, set as variables in both cases; never part of the cache key."""

    http: str = ""
    https: str = ""
    ftp: str = ""
    no: str = ""
    all: str = ""


@dataclass(frozen=True, slots=True)
class CdiDevice:
    """A device by its Container Device Interface name, `vendor/class=name` (BuildKit 0.20)."""

    name: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Exec(Operation):
    """A command with all its surroundings; see `run`."""

    kind: ClassVar[str] = "exec"

    args: tuple[str, ...]
    mounts: tuple[Mount, ...]
    env: tuple[tuple[str, str], ...] = ()
    cwd: str = "/"
    user: str = ""
    network: Network = Network.SANDBOX
    security: Security = Security.SANDBOX
    secret_env: tuple[SecretEnv, ...] = ()
    hosts: tuple[Host, ...] = ()
    ulimits: tuple[Ulimit, ...] = ()
    proxy: Proxy | None = None
    hostname: str = ""
    cgroup_parent: str = ""
    valid_exit_codes: tuple[int, ...] = ()
    cdi_devices: tuple[CdiDevice, ...] = ()
    on: Platform | None = None

    @property
    def platform(self) -> Platform | None:
        """The one given, otherwise that of the root filesystem."""
        return self.on or next(
            mount.source.platform
            for mount in self.mounts
            if isinstance(mount, Bind | Writable) and mount.target == "/"
        )

    @property
    def title(self) -> str:
        """The command, as the engine shows it."""
        return " ".join(self.args)

    def validate(self) -> None:
        """Raise ValueError for what no engine can run."""
        if not self.args:
            raise ValueError("an exec needs a command")
        paths.absolute(self.cwd, "the working directory")
        targets = [mount.target for mount in self.mounts]
        if "/" not in targets:
            raise ValueError("an exec needs a root filesystem: a Bind or a Writable mount at /")
        for target in targets:
            if targets.count(target) > 1:
                raise ValueError(f"two mounts at {target}")
        names = [name for name, _ in self.env]
        names += [secret.name for secret in self.secret_env]
        for name in names:
            if not name or "=" in name:
                raise ValueError(f"not a name of an environment variable: {name!r}")
            if names.count(name) > 1:
                raise ValueError(f"the environment variable {name} is set twice")
        for code in self.valid_exit_codes:
            if not 0 <= code <= 255:
                raise ValueError(f"exit codes are between 0 and 255, not {code}")

    def encode(self, draft: Draft) -> None:
        """Write the exec into `draft`."""
        exec_ = draft.body.exec
        draft.require(capabilities.EXEC_BASE)
        meta = exec_.meta
        meta.args.extend(self.args)
        meta.env.extend(f"{name}={value}" for name, value in self.env)
        if all(name != "PATH" for name, _ in self.env):
            draft.require(capabilities.EXEC_DEFAULT_PATH)
        meta.cwd = self.cwd
        meta.user = self.user
        meta.hostname = self.hostname
        # Directories made for mount points vanish with all their parents. The capability for it
        # is not registered by any engine; old ones ignore the field.
        meta.removeMountStubsRecursive = True
        for host in self.hosts:
            meta.extraHosts.add(Host=host.name, IP=host.address)
        if self.ulimits:
            draft.require(capabilities.EXEC_ULIMIT)
            for limit in self.ulimits:
                meta.ulimit.add(Name=limit.name, Soft=limit.soft, Hard=limit.hard)
        if self.cgroup_parent:
            draft.require(capabilities.EXEC_CGROUP_PARENT)
            meta.cgroupParent = self.cgroup_parent
        if self.valid_exit_codes:
            draft.require(capabilities.EXEC_VALID_EXIT_CODES)
            meta.validExitCodes.extend(self.valid_exit_codes)
        if self.proxy is not None:
            draft.require(capabilities.EXEC_PROXY)
            meta.proxy_env.CopyFrom(
                ops_pb2.ProxyEnv(
                    http_proxy=self.proxy.http,
                    https_proxy=self.proxy.https,
                    ftp_proxy=self.proxy.ftp,
                    no_proxy=self.proxy.no,
                    all_proxy=self.proxy.all,
                )
            )
        if self.network is not Network.SANDBOX:
            draft.require(capabilities.EXEC_NETWORK)
            exec_.network = _NETWORK[self.network]
        if self.security is not Security.SANDBOX:
            draft.require(capabilities.EXEC_SECURITY)
            exec_.security = _SECURITY[self.security]
        outputs = self.outputs()
        for mount in self._in_order():
            message = mount.encode(draft)
            if mount.target in outputs:
                message.output = outputs[mount.target]
            exec_.mounts.append(message)
        if self.secret_env:
            draft.require(capabilities.MOUNT_SECRET)
            draft.require(capabilities.EXEC_SECRET_ENV)
            for secret in self.secret_env:
                exec_.secretenv.add(ID=secret.id, name=secret.name, optional=secret.optional)
        if self.cdi_devices:
            draft.require(capabilities.EXEC_CDI)
            for device in self.cdi_devices:
                exec_.cdiDevices.add(name=device.name, optional=device.optional)
        draft.on(self.platform)

    def outputs(self) -> dict[str, int]:
        """The number of each output by the target of its mount."""
        writable = [mount.target for mount in self._in_order() if isinstance(mount, Writable)]
        return {target: index for index, target in enumerate(writable)}

    def _in_order(self) -> list[Mount]:
        """By target, secrets and sockets last: the order of Go's client, so the same digest."""
        filesystems = [mount for mount in self.mounts if not isinstance(mount, Secret | Ssh)]
        filesystems.sort(key=lambda mount: mount.target)
        secrets = [mount for mount in self.mounts if isinstance(mount, Secret)]
        sockets = [mount for mount in self.mounts if isinstance(mount, Ssh)]
        return [*filesystems, *secrets, *sockets]


@dataclass(frozen=True, slots=True)
class Run:
    """A command in the graph. Its outputs are the `Writable` mounts, by their targets."""

    vertex: Vertex
    operation: Exec

    def output(self, target: str = "/") -> Output:
        """What the command left at a `Writable` mount. LookupError names the mounts there are."""
        outputs = self.operation.outputs()
        if target not in outputs:
            there = any(mount.target == target for mount in self.operation.mounts)
            raise LookupError(
                f"the mount at {target} has no output, as it is not Writable"
                if there
                else f"no mount at {target}; the outputs are {', '.join(outputs) or 'none'}"
            )
        return Output(self.vertex, outputs[target])

    @property
    def digest(self) -> str:
        """The digest of the operation, under which the engine knows it."""
        return self.vertex.digest


def run(
    args: Sequence[str],
    *,
    mounts: Iterable[Mount],
    env: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    cwd: str = "/",
    user: str = "",
    network: Network = Network.SANDBOX,
    security: Security = Security.SANDBOX,
    secret_env: Iterable[SecretEnv] = (),
    hosts: Iterable[Host] = (),
    ulimits: Iterable[Ulimit] = (),
    proxy: Proxy | None = None,
    hostname: str = "",
    cgroup_parent: str = "",
    valid_exit_codes: Iterable[int] = (),
    cdi_devices: Iterable[CdiDevice] = (),
    platform: Platform | None = None,
    meta: Metadata = NO_METADATA,
) -> Run:
    """Run `args` (no shell) in a container with the given mounts.

    One mount is at `/`. The order of `env` is kept and is part of the cache key, so sort it unless
    it comes from one place. PATH is set by the engine if it is not in it. `user` is a name or
    number, with an optional `:group`. Exit codes other than 0 fail the build unless they are among
    `valid_exit_codes`, where 0 has to be listed too. The platform is that of the root filesystem if
    none is given. Raises ValueError for what no engine can run.
    """
    if isinstance(args, str):
        raise ValueError(f"a command is a list of arguments, not one string: {args!r}")
    operation = Exec(
        args=tuple(args),
        mounts=tuple(mounts),
        env=tuple(env.items() if isinstance(env, Mapping) else env),
        cwd=cwd,
        user=user,
        network=network,
        security=security,
        secret_env=tuple(secret_env),
        hosts=tuple(hosts),
        ulimits=tuple(ulimits),
        proxy=proxy,
        hostname=hostname,
        cgroup_parent=cgroup_parent,
        valid_exit_codes=tuple(valid_exit_codes),
        cdi_devices=tuple(cdi_devices),
        on=platform,
    )
    return Run(Vertex.of(operation, meta), operation)
