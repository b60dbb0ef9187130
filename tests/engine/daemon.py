"""The engine's own processes, dockerd and its containerd: their settings, start and end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine import names
from tests.engine.errors import EngineUnavailable
from tests.engine.process import Process, spawn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.engine.kinds import Kind, Programs
    from tests.engine.network import Network

REPOSITORY = Path(__file__).resolve().parents[2]
_CONTAINERD = """\
version = 2
root = "{root}"
state = "{state}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{socket}"
"""
_NAMES_PATIENCE = 30.0  # seconds for the name server to start; it takes a fraction of one
_OURS = {"dockerd", "containerd", "containerd-shim-runc-v2", "containerd-shim", "runc"}


@dataclass(frozen=True)
class Log:
    """The daemon's log, debug messages included, BuildKit's among them."""

    path: Path

    def mark(self) -> int:
        """The log's present end, for `since`."""
        return self.path.stat().st_size

    def since(self, mark: int = 0) -> str:
        """What was logged after `mark`."""
        with self.path.open("rb") as stream:
            stream.seek(mark)
            return stream.read().decode(errors="replace")


@dataclass(frozen=True)
class Daemon:
    """A dockerd with files of its own. `home` holds data, `run` sockets (a short path)."""

    home: Path
    run: Path

    @property
    def socket(self) -> Path:
        """The API's unix socket."""
        return self.run / "docker.sock"

    @property
    def log(self) -> Log:
        """The log; it grows over restarts."""
        return Log(self.home / "daemon.log")

    @property
    def process(self) -> Process | None:
        """The daemon if it lives."""
        return Process.load(self._records[0])

    @property
    def _records(self) -> tuple[Path, Path, Path]:
        """Where the processes are recorded, in the order in which they are ended."""
        dockerd, containerd, names = "dockerd.json", "containerd.json", "names.json"
        return self.home / dockerd, self.home / containerd, self.home / names

    @property
    def _containerd(self) -> Path:
        return self.run / "containerd.sock"

    def start(
        self,
        kind: Kind,
        programs: Programs,
        network: Network,
        mirror: str,
        entitlements: Mapping[str, bool],
    ) -> None:
        """Start a name server and the engine, and wait until the API answers.

        Raises EngineUnavailable with the log's end.
        """
        self.run.mkdir(parents=True, exist_ok=True)
        dockerd, containerd, _ = self._records
        settings = self._settings(kind, programs, network, mirror)
        if entitlements:
            settings["builder"] = {"gc": {"enabled": False}, "entitlements": dict(entitlements)}
        if self._serve_names(str(network.gateway.ip)):
            settings["dns"] = [str(network.gateway.ip)]
        configuration = self.home / "daemon.json"
        configuration.write_text(json.dumps(settings, indent=2))
        env = {
            "PATH": ":".join([*map(str, programs.path), os.environ.get("PATH", os.defpath)]),
            "HOME": str(self.home),
            "LD_LIBRARY_PATH": ":".join(map(str, programs.libraries)),
            "XTABLES_LIBDIR": str(programs.xtables),
            # What a company's network needs; an engine on such a machine has the same.
            **{key: value for key, value in os.environ.items() if key.lower().endswith("_proxy")},
            **{key: os.environ[key] for key in ("SSL_CERT_FILE",) if key in os.environ},
        }
        # A containerd of its own, always: dockerd would take the machine's if there is one.
        store = self.home / "containerd.toml"
        store.write_text(
            _CONTAINERD.format(
                root=self.home / "data/containerd",
                state=self.run / "containerd",
                socket=self._containerd,
            )
        )
        command: list[str | Path] = [programs.daemon.executable("containerd"), "--config", store]
        spawn(command, record=containerd, log=self.home / "containerd.log", env=env)
        command = [programs.daemon.executable("dockerd"), "--config-file", configuration]
        self.log.path.touch()
        mark = self.log.mark()
        process = spawn(command, record=dockerd, log=self.log.path, env=env)
        client = [str(programs.client.executable("docker")), "--host", f"unix://{self.socket}"]
        deadline = time.monotonic() + 90
        while process.alive and time.monotonic() < deadline:
            if self.socket.exists():
                ping = [*client, "version", "--format", "{{.Server.Version}}"]
                answer = subprocess.run(
                    ping, check=False, capture_output=True, env={"HOME": str(self.home)}
                )
                if answer.returncode == 0:
                    return
            time.sleep(0.05)
        self.stop()
        complaints = [
            line
            for line in self.log.since(mark).splitlines()
            if "level=error" in line or "level=fatal" in line or "level=" not in line
        ]
        said = "\n".join(complaints[-12:])
        raise EngineUnavailable(f"the Docker daemon does not start here; its log says\n{said}")

    def stop(self) -> None:
        """End the daemon and whatever it left: its containerd, shims, build steps, mounts."""
        for record in self._records:
            if process := Process.load(record):
                process.end(grace=30)
            record.unlink(missing_ok=True)
        for left in self._leftovers():
            left.end(grace=1)
        for point in self._mounts():
            subprocess.run(["umount", "--lazy", point], check=False, capture_output=True)
        shutil.rmtree(self.run, ignore_errors=True)

    def _serve_names(self, address: str) -> bool:
        """Start the name server for containers; False if something else has the port.

        Raises EngineUnavailable if it neither serves nor ends.
        """
        log = self.home / "names.log"
        log.unlink(missing_ok=True)
        process = spawn(
            [sys.executable, "-m", names.__name__, address],
            record=self._records[2],
            log=log,
            env=os.environ,
            cwd=REPOSITORY,
        )
        deadline = time.monotonic() + _NAMES_PATIENCE
        while process.alive:
            # A whole line: a port is "already in use", too.
            if "ready" in log.read_text().splitlines():
                return True
            if time.monotonic() > deadline:
                process.end(grace=1)
                message = (
                    f"the name server for containers on {address} is not ready after "
                    f"{_NAMES_PATIENCE:g} s; it says\n{log.read_text()[-2000:] or '(nothing)'}"
                )
                raise EngineUnavailable(message)
            time.sleep(0.02)
        return False

    def _settings(
        self, kind: Kind, programs: Programs, network: Network, mirror: str
    ) -> dict[str, object]:
        settings: dict[str, object] = {
            "data-root": str(self.home / "data"),
            "exec-root": str(self.run / "exec"),
            "pidfile": str(self.run / "docker.pid"),
            "containerd": str(self._containerd),
            "hosts": [f"unix://{self.socket}"],
            "group": "root",
            "debug": True,
            "init-path": str(programs.daemon.executable("tini-static")),
            "bridge": network.bridge,
            "fixed-cidr": str(network.gateway.network),
            "default-address-pools": [{"base": str(network.pool), "size": 24}],
            "iptables": False,
            "ip6tables": False,
            "insecure-registries": ["127.0.0.0/8"],
            "registry-mirrors": [f"http://{mirror}"],
            "shutdown-timeout": 3,
            # The caches of a build are what the tests look at: nothing may be thrown away.
            "builder": {"gc": {"enabled": False}},
        }
        if kind.name == "docker20":
            # A key of the old image signing, which would be made below /etc.
            settings["deprecated-key-path"] = str(self.home / "key.json")
        else:
            settings["features"] = {"containerd-snapshotter": kind.containerd_store}
        if not kind.containerd_store:
            settings["storage-driver"] = "overlay2"
        return settings

    def _leftovers(self) -> list[Process]:
        """Engine processes that name our folders in their arguments, and their descendants."""
        mine = {str(self.home).encode(), str(self.run).encode()}
        parents: dict[int, int] = {}
        found: set[int] = set()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            parents[int(entry.name)] = parent
            program = Path(os.fsdecode(words[0])).name
            if program in _OURS and any(folder + b"/" in word for word in words for folder in mine):
                found.add(int(entry.name))
        grown = True
        while grown:
            below = {pid for pid, parent in parents.items() if parent in found} - found
            found |= below
            grown = bool(below)
        return [process for pid in found if (process := Process.of(pid))]

    def _mounts(self) -> list[str]:
        """Mount points below our folders, the deepest first."""
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        points = [line.split()[1].encode().decode("unicode_escape") for line in mounts]
        folders = (f"{self.home}/", f"{self.run}/")
        return sorted((point for point in points if point.startswith(folders)), reverse=True)
