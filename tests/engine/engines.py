"""A Docker engine to build with: one that is there, or a private one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import asdict, dataclass, replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.engine import base_image, cache, network
from tests.engine.client import Client
from tests.engine.daemon import Daemon, Log
from tests.engine.errors import EngineUnavailable
from tests.engine.kinds import KINDS, programs
from tests.engine.process import Process
from tests.engine.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import ExitStack
    from types import TracebackType

    from tests.engine.kinds import Kind, Programs

PLUGINS = "usr/libexec/docker/cli-plugins"


@dataclass(frozen=True)
class Engine(Client):
    """An engine that runs, with the command line for it.

    As a context manager it is stopped, and all its data removed, when the block ends.
    """

    name: str
    kind: Kind | None  # None: the user's own engine
    versions: dict[str, str]

    # --- Starting, finding, ending -------------------------------------------------------------

    @classmethod
    def start(
        cls,
        kind: str = "docker28",
        name: str | None = None,
        *,
        owned: bool = True,
        registry: Registry | None = None,
        entitlements: Mapping[str, bool] | None = None,
        alone: bool = False,
    ) -> Engine:
        """Start a private engine, or find the one of that name and kind that runs.

        `owned` engines belong to this process: whatever it leaves when it dies is cleaned up by the
        next start of any engine. Others run until they are stopped. Without a `registry`
        the engine gets one of its own, with the base image in it. `entitlements` say what builds
        may ask for, as in the daemon's configuration. `alone` says that this process is in a
        network namespace of its own. Raises EngineUnavailable.
        """
        if kind not in KINDS:
            raise EngineUnavailable(f"no kind of engine is called {kind}: {', '.join(KINDS)}")
        if os.geteuid() != 0:
            message = (
                "starting a private Docker engine needs root; you are not. Use sudo, or "
                "install Docker and start it."
            )
            raise EngineUnavailable(message)
        name = name or f"{kind}-{os.getpid()}"
        sweep()
        with cache.locked(_lock(name)):
            if running := _Record.load(name):
                if running.kind == kind and running.daemon.process:
                    return cls._private(running, programs(KINDS[kind]))
                running.remove()
            tools = programs(KINDS[kind])
            lines = network.allocate(tools, alone=alone)
            owner = Process.of(os.getpid()) if owned else None
            # Written down before anything is started, and so found again if we are killed.
            record = _Record(name, kind, lines.bridge, str(lines.range), "", owner)
            record.save()
            try:
                registry = registry or Registry.start(_home(name) / "registry")
                record = replace(record, registry=registry.address)
                record.save()
                base_image.provide(registry)
                _configure_client(record, tools)
                record.daemon.start(KINDS[kind], tools, lines, registry.address, entitlements or {})
            except BaseException:
                record.remove()
                raise
            return cls._private(record, tools)

    @classmethod
    def running(cls, name: str) -> Engine | None:
        """The private engine of that name, if it runs."""
        record = _Record.load(name)
        if record is None or record.daemon.process is None:
            return None
        return cls._private(record, programs(KINDS[record.kind]))

    @classmethod
    def there(cls) -> Engine | None:
        """The engine that the user's own `docker` reaches (DOCKER_HOST, context, or default)."""
        for name in names():
            # In a shell that has run the lines of `make engine`.
            private = cls.running(name)
            if private and private.settings["DOCKER_HOST"] == os.environ.get("DOCKER_HOST"):
                return private
        program = shutil.which("docker")
        if program is None:
            return None
        ask = [program, "version", "--format", "{{json .Server.Version}}"]
        try:
            done = subprocess.run(ask, check=False, capture_output=True, text=True, timeout=30)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode != 0:
            return None
        kept = {key: value for key, value in os.environ.items() if key.startswith("DOCKER_")}
        # A builder in a container of its own sees none of the engine's images.
        kept |= {"BUILDX_BUILDER": "default", "DOCKER_BUILDKIT": "1"}
        return cls(program, kept, "yours", None, {"docker": str(json.loads(done.stdout))})

    @classmethod
    def any(cls, kind: str, stack: ExitStack) -> Engine:
        """The engine at hand: the user's own, else a private one that `make engine` has started.

        If there is neither, one is started that ends with `stack`. Raises EngineUnavailable.
        """
        if there := cls.there():
            return there
        if running := cls.running(kind):
            return running
        return stack.enter_context(cls.start(kind))

    @classmethod
    def _private(cls, record: _Record, tools: Programs) -> Engine:
        settings = {
            "DOCKER_HOST": f"unix://{record.daemon.socket}",
            "DOCKER_CONFIG": str(_home(record.name) / "config"),
            "BUILDX_CONFIG": str(_home(record.name) / "config/buildx"),
            "DOCKER_BUILDKIT": "1",
        }
        program = str(tools.client.executable("docker"))
        kind = KINDS[record.kind]
        return cls(program, settings, record.name, kind, dict(tools.versions))

    def stop(self) -> None:
        """End a private engine and remove all its data; the user's own is left alone."""
        if self.kind is not None:
            stop(self.name)

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def version(self) -> str:
        """The version of Docker that the daemon itself tells."""
        return self.docker("version", "--format", "{{.Server.Version}}").stdout.strip()

    @property
    def about(self) -> str:
        """One line for people: which engine this really is. A kind's name only promises."""
        if self.kind is None:
            return f"{self.name}: Docker {self.versions['docker']}"
        return self.kind.described(self.versions["docker.io"])

    # --- What only a private engine has --------------------------------------------------------

    @property
    def log(self) -> Log:
        """The daemon's debug log."""
        return self._record.daemon.log

    @property
    def registry(self) -> Registry:
        """The registry that serves unqualified names."""
        return Registry(_home(self.name) / "registry", self._record.registry)

    @property
    def data(self) -> Path:
        """The daemon's data-root."""
        return self._record.daemon.home / "data"

    @property
    def pid(self) -> int:
        """The daemon's process number."""
        process = self._record.daemon.process
        if process is None:
            raise EngineUnavailable(f"the engine {self.name} no longer runs")
        return process.pid

    @property
    def _record(self) -> _Record:
        record = _Record.load(self.name) if self.kind else None
        if record is None:
            raise EngineUnavailable(f"{self.name} is no private engine that runs")
        return record

    # --- Images --------------------------------------------------------------------------------

    def publish(self, image: str) -> None:
        """Put a local image where its unqualified name is found, as in `# syntax=IMAGE`.

        A private engine asks its mirror for such names, so the image is pushed there. The user's
        own engine finds the images it has built itself.
        """
        if self.kind is None:
            return
        name = image if ":" in image.rpartition("/")[2] else f"{image}:latest"
        mirrored = f"{self.registry.address}/{name if '/' in name else f'library/{name}'}"
        self.docker("tag", image, mirrored)
        self.docker("push", "--quiet", mirrored)
        self.docker("rmi", mirrored)

    def shell_lines(self) -> Sequence[str]:
        """Lines for a shell that make `docker` there mean this engine."""
        lines = [f"export {key}={value}" for key, value in self.settings.items()]
        return [*lines, f"export PATH={Path(self.program).parent}:$PATH"]


@dataclass(frozen=True)
class _Record:
    """What is written down about a private engine, so that any process can use or end it."""

    name: str
    kind: str
    bridge: str
    range: str
    registry: str
    owner: Process | None

    @classmethod
    def load(cls, name: str) -> _Record | None:
        try:
            saved: dict[str, Any] = json.loads((_home(name) / "engine.json").read_text())
        except (OSError, ValueError):
            return None
        owner = saved.pop("owner")
        return cls(**saved, owner=Process(**owner) if owner else None)

    def save(self) -> None:
        home = _home(self.name)
        home.mkdir(parents=True, exist_ok=True)
        draft = home / "engine.json.tmp"
        draft.write_text(json.dumps(asdict(self)))
        draft.rename(home / "engine.json")

    @property
    def daemon(self) -> Daemon:
        return Daemon(_home(self.name), cache.runtime() / self.name)

    @property
    def abandoned(self) -> bool:
        return self.owner is not None and not self.owner.alive

    def remove(self) -> None:
        """End daemon and registry, give the network back, remove all files."""
        home = _home(self.name)
        self.daemon.stop()
        if own := Registry.running(home / "registry"):
            own.stop()
        lines = network.Network(self.bridge, IPv4Network(self.range))
        lines.down(programs(KINDS[self.kind]))
        shutil.rmtree(home, ignore_errors=True)
        if home.exists():  # what a dying process still held a moment ago
            subprocess.run(["rm", "-rf", str(home)], check=False)


def stop(name: str) -> bool:
    """End the private engine of that name and remove its data; False if there is none."""
    with cache.locked(_lock(name)):
        record = _Record.load(name)
        if record is None:
            return False
        record.remove()
        return True


def names() -> list[str]:
    """The names of all private engines of this cache folder, running or not."""
    return sorted(path.parent.name for path in (cache.root() / "engines").glob("*/engine.json"))


def sweep() -> None:
    """End what processes that died have left behind."""
    for name in names():
        record = _Record.load(name)
        if record and record.abandoned:
            stop(name)


def _configure_client(record: _Record, tools: Programs) -> None:
    plugins = _home(record.name) / "config/cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for plugin in (tools.client.root / PLUGINS).iterdir():
        link = plugins / plugin.name
        link.unlink(missing_ok=True)
        link.symlink_to(plugin)
    (plugins.parent / "config.json").write_text("{}")


def _home(name: str) -> Path:
    return cache.root() / "engines" / name


def _lock(name: str) -> Path:
    return cache.root() / "locks" / f"{name}.lock"


def owned(name: str) -> bool:
    """Whether a living process owns the engine of that name."""
    record = _Record.load(name)
    return bool(record and record.owner and record.owner.alive)
