"""What the user asked for: the options BuildKit hands to a frontend, as one typed value.

BuildKit passes them as environment variables `BUILDKIT_FRONTEND_OPT_<n>=<key>=<value>`
(frontend/gateway/gateway.go); the keys are those of buildx (docker/buildx build/opt.go) as
BuildKit's own frontends read them (frontend/dockerui/config.go). Unknown keys are ignored.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from frontend.errors import FrontendError
from frontend.gateway.types import CacheImport
from llb import LinuxResources, Platform, ResolveMode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


#: Build arguments that belong to Docker and BuildKit; every other one is taken for a key of ours.
PROXY_ARGUMENTS = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy")
_FOREIGN_PREFIX = "BUILDKIT_"
_FOREIGN = frozenset({"SOURCE_DATE_EPOCH", "BUILDX_NO_DEFAULT_ATTESTATIONS"})
#: How Go's strconv.ParseBool is written in options.
TRUTH = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}
_NETWORKS = ("", "default", "sandbox", "none", "host")
_OF_CONTEXT = "context"
_LATEST_EPOCH = 253402300799  # the last second of the year 9999, the last that RFC 3339 can write


@dataclass(frozen=True)
class ExecOptions:
    """What the options of the build say of the container of every step.

    `shm_size` is in bytes (0: as the engine has it), `ulimits` are name, soft and hard limit.
    `proxy` has addresses by what they are for: `http`, `https`, `ftp`, `no`, `all`. `no_cache` are
    the normalized names whose steps ignore the cache: empty for every step, None for none.
    """

    network: str = ""
    hosts: tuple[tuple[str, str], ...] = ()
    ulimits: tuple[tuple[str, int, int], ...] = ()
    shm_size: int = 0
    cgroup_parent: str = ""
    hostname: str = ""
    proxy: Mapping[str, str] = field(default_factory=dict)
    resources: LinuxResources | None = None
    cache_namespace: str = ""
    no_cache: frozenset[str] | None = None

    def ignores_cache_for(self, names: Collection[str]) -> bool:
        """Return whether a step that goes by any of `names` ignores the cache."""
        if self.no_cache is None:
            return False
        return not self.no_cache or not self.no_cache.isdisjoint(names)


@dataclass(frozen=True)
class Request:
    """One build as the user asked for it."""

    options: Mapping[str, str]
    session: str
    build_platform: Platform
    filename: str = "Dockerfile"
    target: str = ""
    platforms: tuple[Platform, ...] = ()
    multi_platform: bool = False
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    no_cache: tuple[str, ...] | None = None
    cache_imports: tuple[CacheImport, ...] = ()
    resolve_mode: ResolveMode = ResolveMode.DEFAULT
    exec_options: ExecOptions = ExecOptions()
    source_date_epoch: int | None = None
    epoch_of_context: bool = False
    call: str = ""

    def local_session(self, name: str) -> str:
        """Return the session that serves the local directory `name` (bake shares sessions)."""
        return self.options.get(f"local-sessionid:{name}", self.session)

    @property
    def named_contexts(self) -> Mapping[str, str]:
        """What `--build-context` names: for each name its kind and place (`local:NAME`)."""
        return _prefixed(self.options, "context:")

    @property
    def keeps_git_dir(self) -> bool | None:
        """What BUILDKIT_CONTEXT_KEEP_GIT_DIR says; None where it says nothing."""
        text = _argument(self.options, "BUILDKIT_CONTEXT_KEEP_GIT_DIR").lower()
        return TRUTH.get(text)

    @property
    def sbom(self) -> bool:
        """Whether a bill of materials is asked for, and not from a generator of the user's own."""
        asked = self.options.get("attest:sbom")
        if asked is None:
            return False
        pairs = (part.partition("=") for row in csv.reader([asked]) for part in row)
        fields = {key: value for key, _, value in pairs}
        disabled = fields.get("disabled", "false").lower() not in ("false", "0", "f")
        return not disabled and not fields.get("generator")


def parse(environment: Mapping[str, str]) -> Request:
    """Read the request from the process environment; FrontendError where an option is malformed."""
    options: dict[str, str] = {}
    for name, value in environment.items():
        if name.startswith("BUILDKIT_FRONTEND_OPT_"):
            key, _, content = value.partition("=")
            options[key] = content
    build_platform = _build_platform(environment.get("BUILDKIT_WORKERS", ""))
    platforms = _platforms(options.get("platform", ""))
    multi = _argument(options, "BUILDKIT_MULTI_PLATFORM") or options.get("multi-platform", "")
    multi_platform = _flag("multi-platform", multi) if multi else len(platforms) > 1
    if len(platforms) > 1 and not multi_platform:
        raise FrontendError("multi-platform is false, and the build is for several platforms")
    listed = options.get("no-cache")
    no_cache = None if listed is None else tuple(filter(None, listed.split(",")))
    target = options.get("target", "")
    return Request(
        options=MappingProxyType(options),
        session=environment.get("BUILDKIT_SESSION_ID", ""),
        build_platform=build_platform,
        filename=options.get("filename", "") or "Dockerfile",
        target=target,
        platforms=platforms or (build_platform,),
        multi_platform=multi_platform,
        arguments=MappingProxyType(_own_arguments(options)),
        labels=MappingProxyType(_prefixed(options, "label:")),
        no_cache=no_cache,
        cache_imports=_cache_imports(options),
        resolve_mode=_resolve_mode(options.get("image-resolve-mode", "")),
        exec_options=_exec_options(options, no_cache, target),
        source_date_epoch=_epoch(_argument(options, "SOURCE_DATE_EPOCH")),
        epoch_of_context=_argument(options, "SOURCE_DATE_EPOCH") == _OF_CONTEXT,
        call=options.get("requestid", ""),
    )


def _prefixed(options: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {k.removeprefix(prefix): v for k, v in sorted(options.items()) if k.startswith(prefix)}


def _argument(options: Mapping[str, str], name: str) -> str:
    return options.get(f"build-arg:{name}", "")


def _own_arguments(options: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in _prefixed(options, "build-arg:").items()
        if not name.startswith(_FOREIGN_PREFIX)
        and name not in _FOREIGN
        and name.lower() not in PROXY_ARGUMENTS
    }


def _build_platform(workers: str) -> Platform:
    """Take the first platform of the first worker: the one BuildKit's frontends default to."""
    try:
        first: dict[str, Any] = json.loads(workers)[0]["platforms"][0]
    except (ValueError, LookupError, TypeError):
        return Platform(os="linux", architecture="amd64")
    return Platform(
        os=first.get("os", "linux"),
        architecture=first.get("architecture", "amd64"),
        variant=first.get("variant", ""),
    ).normalized()


def _platforms(text: str) -> tuple[Platform, ...]:
    try:
        found = [Platform.parse(part.strip()).normalized() for part in text.split(",") if part]
    except ValueError as error:
        raise FrontendError(f"the platform option cannot be read: {error}") from error
    return tuple(dict.fromkeys(found))


def _resolve_mode(text: str) -> ResolveMode:
    try:
        return ResolveMode(text or "default")
    except ValueError:
        raise FrontendError(f"unknown image-resolve-mode {text!r}") from None


def _flag(name: str, text: str) -> bool:
    value = TRUTH.get(text.lower())
    if value is None:
        raise FrontendError(f"{name} must be true or false, not {text!r}")
    return value


def _network(text: str) -> str:
    if text not in _NETWORKS:
        raise FrontendError(f"unknown network mode {text!r}")
    return text


def _epoch(text: str) -> int | None:
    if text in ("", _OF_CONTEXT):
        return None
    if not re.fullmatch(r"[0-9]{1,12}", text) or int(text) > _LATEST_EPOCH:
        raise FrontendError(
            f"SOURCE_DATE_EPOCH must be a number of seconds since 1970, not {text!r}"
        )
    return int(text)


def _hosts(text: str) -> tuple[tuple[str, str], ...]:
    """Parse `host=address,…`, a line of CSV as BuildKit's attr.go reads it."""
    if not text:
        return ()
    pairs = []
    for item in next(csv.reader([text])):
        host, separator, address = item.partition("=")
        if not separator or not host or not address:
            raise FrontendError(f"--add-host {item!r} is not of the form host=address")
        try:
            ip_address(address)
        except ValueError:
            raise FrontendError(f"--add-host {item!r}: {address!r} is no IP address") from None
        pairs.append((host.lower(), address))
    return tuple(pairs)


def _exec_options(
    options: Mapping[str, str], no_cache: tuple[str, ...] | None, target: str
) -> ExecOptions:
    size = options.get("shm-size", "") or "0"
    if not size.isdecimal():
        raise FrontendError(f"--shm-size must be a number of bytes, not {size!r}")
    return ExecOptions(
        network=_network(options.get("force-network-mode", "")),
        hosts=_hosts(options.get("add-hosts", "")),
        ulimits=_ulimits(options.get("ulimit", "")),
        shm_size=int(size),
        cgroup_parent=options.get("cgroup-parent", ""),
        hostname=options.get("hostname", "") or _argument(options, "BUILDKIT_SANDBOX_HOSTNAME"),
        proxy=MappingProxyType(_proxy(options)),
        resources=_resources(options),
        cache_namespace=_argument(options, "BUILDKIT_CACHE_MOUNT_NS"),
        no_cache=_ignored_cache(no_cache, target),
    )


def _ignored_cache(no_cache: tuple[str, ...] | None, target: str) -> frozenset[str] | None:
    """Return the names that `--no-cache` and `--no-cache-filter` mean; empty for all steps.

    `--no-cache` names none and means all; `--no-cache-filter` names packages, or a target. The
    target `test` has one step of its own: as a stage it would stand on what is tested.
    """
    if no_cache is None:
        return None
    names = frozenset(canonicalize_name(name) for name in no_cache)
    return frozenset() if target != "test" and (target or "image") in names else names


def _ulimits(text: str) -> tuple[tuple[str, int, int], ...]:
    """Parse `name=soft:hard,…`, a line of CSV as BuildKit's attr.go reads it."""
    ulimits = []
    for item in next(csv.reader([text]), []):
        name, _, limits = item.partition("=")
        soft, _, hard = limits.partition(":")
        try:
            ulimits.append((name, int(soft), int(hard or soft)))
        except ValueError:
            raise FrontendError(f"--ulimit {item!r} is not of the form name=soft:hard") from None
    return tuple(ulimits)


def _proxy(options: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, value in options.items():
        key = name.removeprefix("build-arg:")
        if key != name and key.lower() in PROXY_ARGUMENTS:
            found[key.lower().removesuffix("_proxy")] = value
    return found


def _resources(options: Mapping[str, str]) -> LinuxResources | None:
    """Read what BuildKit's attr.go (parseLinuxResources) reads; None where nothing is limited."""
    found = LinuxResources(
        memory=_number("memory", options),
        memory_swap=_number("memswap", options),
        cpu_shares=_number("cpushares", options),
        cpu_period=_number("cpuperiod", options),
        cpu_quota=_number("cpuquota", options),
        cpuset_cpus=options.get("cpusetcpus", ""),
        cpuset_mems=options.get("cpusetmems", ""),
    )
    return None if found == LinuxResources() else found


def _number(name: str, options: Mapping[str, str]) -> int:
    text = options.get(name, "") or "0"
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise FrontendError(f"the option {name} must be a number, not {text!r}")
    return int(text)


def _cache_imports(options: Mapping[str, str]) -> tuple[CacheImport, ...]:
    """Read `cache-imports` (JSON), or the older comma list of registry references `cache-from`."""
    text = options.get("cache-imports", "")
    if text:
        try:
            return tuple(
                CacheImport(item["Type"], MappingProxyType(dict(item.get("Attrs") or {})))
                for item in json.loads(text) or ()
            )
        except (ValueError, LookupError, TypeError) as error:
            raise FrontendError(f"the cache-imports option cannot be read: {error}") from error
    references = filter(None, options.get("cache-from", "").split(","))
    return tuple(CacheImport("registry", MappingProxyType({"ref": ref})) for ref in references)
