"""A registry on the loopback address, from which every engine resolves unqualified image names."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.engine.errors import EngineUnavailable
from tests.engine.kinds import support
from tests.engine.process import Process, spawn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CONFIGURATION = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: "{storage}"}}, delete: {{enabled: true}}}}
http: {{addr: "{address}"}}
"""
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"


@dataclass(frozen=True)
class Registry:
    """A running registry. Its files and records are below `home`."""

    home: Path
    address: str  # host:port

    @classmethod
    def start(cls, home: Path) -> Registry:
        """Start a registry with an empty storage on a free port, or find the one running there."""
        if running := cls.running(home):
            return running
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        program = support().executable("docker-registry")
        log = home / "log"
        for _ in range(5):  # another program may take the port between our look and our use
            address = f"127.0.0.1:{_free_port()}"
            text = _CONFIGURATION.format(storage=home / "storage", address=address)
            (home / "config.yml").write_text(text)
            (home / "address").write_text(address)
            command: list[str | Path] = [program, "serve", home / "config.yml"]
            # The environment stays empty: the registry takes REGISTRY_* variables for settings.
            process = spawn(command, record=home / "process", log=log, env={})
            registry = cls(home, address)
            while process.alive:
                if registry.answers():
                    return registry
                time.sleep(0.02)
        message = f"the registry does not start:\n{log.read_text(errors='replace')[-2000:]}"
        raise EngineUnavailable(message)

    @classmethod
    def running(cls, home: Path) -> Registry | None:
        """The registry that runs with these files, if one does."""
        if Process.load(home / "process") is None:
            return None
        return cls(home, (home / "address").read_text())

    def stop(self) -> None:
        """End the registry and remove its files."""
        if process := Process.load(self.home / "process"):
            process.end()
        shutil.rmtree(self.home, ignore_errors=True)

    def answers(self) -> bool:
        """Whether requests are served."""
        try:
            self._request("GET", "/v2/")
        except (urllib.error.URLError, OSError):
            return False
        return True

    def has(self, repository: str, tag: str) -> bool:
        """Whether an image is there."""
        try:
            self._request("HEAD", f"/v2/{repository}/manifests/{tag}")
        except urllib.error.HTTPError:
            return False
        return True

    def push_layer(
        self, repository: str, tag: str, *, layer: Path, diff_id: str, config: dict[str, object]
    ) -> str:
        """Store an image of one gzipped layer; returns the manifest's digest."""
        document = {**config, "rootfs": {"type": "layers", "diff_ids": [diff_id]}}
        image = json.dumps(document, sort_keys=True).encode()
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": self._blob(repository, image) | {"mediaType": _CONFIG},
                "layers": [self._blob(repository, layer.read_bytes()) | {"mediaType": _LAYER}],
            }
        ).encode()
        path = f"/v2/{repository}/manifests/{tag}"
        self._request("PUT", path, manifest, {"Content-Type": _MANIFEST})
        return _digest(manifest)

    def push_index(self, repository: str, tag: str, tags: Mapping[str, str]) -> str:
        """Store an index of images of the repository, by architecture; returns its digest."""
        manifests = []
        for architecture, each in sorted(tags.items()):
            manifest = self._read(f"/v2/{repository}/manifests/{each}")
            platform = {"architecture": architecture, "os": "linux"}
            manifests.append(
                {
                    "mediaType": _MANIFEST,
                    "digest": _digest(manifest),
                    "size": len(manifest),
                    "platform": platform,
                }
            )
        document = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests}
        index = json.dumps(document).encode()
        path = f"/v2/{repository}/manifests/{tag}"
        self._request("PUT", path, index, {"Content-Type": _INDEX})
        return _digest(index)

    def _read(self, target: str) -> bytes:
        url = f"http://{self.address}{target}"
        request = urllib.request.Request(url, headers={"Accept": _MANIFEST})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as reply:
            read: bytes = reply.read()
        return read

    def _blob(self, repository: str, data: bytes) -> dict[str, object]:
        digest = _digest(data)
        upload = self._request("POST", f"/v2/{repository}/blobs/uploads/", b"")
        separator = "&" if "?" in upload else "?"
        headers = {"Content-Type": "application/octet-stream"}
        self._request("PUT", f"{upload}{separator}digest={digest}", data, headers)
        return {"digest": digest, "size": len(data)}

    def _request(
        self,
        method: str,
        target: str,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> str:
        """Send one request; returns the reply's Location."""
        url = target if target.startswith("http://") else f"http://{self.address}{target}"
        request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
        # A proxy of the environment must not see what stays on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as reply:
            return str(reply.headers.get("Location", ""))


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
