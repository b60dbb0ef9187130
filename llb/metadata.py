"""What is said about an operation without changing what it does.

None of it is part of an operation's digest or cache key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from llb import capabilities
from llb.pb import ops_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llb.sourcemap import Location

# The key of `description` that holds the title shown while the operation runs.
NAME_KEY = "llb.customname"


@dataclass(frozen=True, slots=True)
class ProgressGroup:
    """Operations with the same group are shown as one line called `name`.

    A weak group gives way: where one operation is asked for in two groups, the other one shows it.
    """

    id: str
    name: str
    weak: bool = False

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("a progress group needs an id")


@dataclass(frozen=True, slots=True)
class LinuxResources:
    """Limits on the container of an exec; 0 and empty leave the engine's own.

    Memory in bytes (`memory_swap` includes memory, -1 is unlimited), CPU period and quota in
    microseconds, CPU shares relative to others, CPU and memory node sets as the kernel writes
    them (`0-3`, `0,2`).
    """

    memory: int = 0
    memory_swap: int = 0
    cpu_shares: int = 0
    cpu_period: int = 0
    cpu_quota: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """Title, grouping, cache handling, limits and origin of one operation.

    `name` is the title in the progress display; without it the engine shows the operation itself.
    `ignore_cache` runs the operation although its result is known; an exec then also starts with
    empty cache mounts. `export_cache` says whether its result goes into an exported cache (None:
    the engine decides). `description` is for programs that read the build's records. `resources`
    are honoured for an exec only.
    """

    name: str = ""
    progress_group: ProgressGroup | None = None
    ignore_cache: bool = False
    export_cache: bool | None = None
    description: Mapping[str, str] = field(default_factory=dict, hash=False)
    resources: LinuxResources | None = None
    locations: tuple[Location, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "description", MappingProxyType(dict(self.description)))
        object.__setattr__(self, "locations", tuple(self.locations))

    def to_proto(self, required: set[str]) -> ops_pb2.OpMetadata:
        """The message, listing the capabilities in `required` and those it needs itself.

        The latter are added to `required`.
        """
        message = ops_pb2.OpMetadata(ignore_cache=self.ignore_cache, description=self.description)
        if self.name:
            message.description[NAME_KEY] = self.name
        if self.export_cache is not None:
            message.export_cache.Value = self.export_cache
        if self.progress_group is not None:
            message.progress_group.id = self.progress_group.id
            message.progress_group.name = self.progress_group.name
            message.progress_group.weak = self.progress_group.weak
        if self.resources is not None:
            required.add(capabilities.EXEC_LINUX_RESOURCES)
            message.linux_resources.CopyFrom(
                ops_pb2.LinuxResources(
                    memory=self.resources.memory,
                    memorySwap=self.resources.memory_swap,
                    cpuShares=self.resources.cpu_shares,
                    cpuPeriod=self.resources.cpu_period,
                    cpuQuota=self.resources.cpu_quota,
                    cpusetCpus=self.resources.cpuset_cpus,
                    cpusetMems=self.resources.cpuset_mems,
                )
            )
        for capability in required:
            message.caps[capability] = True
        return message


def combine(into: ops_pb2.OpMetadata, other: ops_pb2.OpMetadata) -> None:
    """Add what is said of the same operation in another place.

    Cache is ignored if either says so; for everything that can have one value only, `other` wins.
    """
    group = ops_pb2.ProgressGroup()
    group.CopyFrom(into.progress_group)
    grouped = into.HasField("progress_group")
    into.ClearField("progress_group")
    into.MergeFrom(other)
    if grouped and not other.HasField("progress_group"):
        into.progress_group.CopyFrom(group)


NO_METADATA = Metadata()
