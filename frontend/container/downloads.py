"""Files that a hermetic build downloads by BuildKit, and their mounts."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import llb
from frontend.container.paths import ARTIFACTS, TOOLS
from frontend.container.uv_settings import builds, built
from frontend.model.git_source import GitSource
from frontend.project.uv_config import is_local_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.model.layers import Layer
    from frontend.model.packages import LockedPackage


#: What a download is called where nobody sees it: a lock has hundreds, and graphs are sent whole.
_FILE = "file"


@dataclass(frozen=True)
class HermeticSources:
    """What steps of one platform have in place of the network.

    `headers` are the ids of the secrets that open an index, by its address. One is sent to the
    index's own origin alone, as uv does: the lock decides where a file is.
    """

    tools: tuple[LockedPackage, ...]
    headers: Mapping[str, str]
    settings: Mapping[str, Any]
    group: str

    def mounts(self, layer: Layer) -> list[llb.Mount]:
        """Bind every file that `layer` is made of, each by itself."""
        forced = built(self.settings, layer)
        found = [
            self._bind(ARTIFACTS, package, package.name in forced)
            for package in layer.packages
            if not local(package) and not GitSource.of(package)
        ]
        if builds(self.settings, layer):
            found += [self._bind(TOOLS, package, False) for package in self.tools]
        return found

    def header(self, registry: str, url: str) -> str:
        """Return the id of the secret to send for a file of `registry` at `url`; empty for none."""
        secret = self.headers.get(registry.rstrip("/"), "")
        origin = _origin(registry)
        return secret if origin and origin == _origin(url) else ""

    def _bind(self, folder: str, package: LockedPackage, sdist: bool) -> llb.Mount:
        artifact = package.source_artifact if sdist else package.artifact
        assert artifact is not None
        download = llb.http(
            artifact.url,
            checksum=artifact.digest,
            filename=_FILE,
            auth_header_secret=self.header(package.registry, artifact.url),
            meta=llb.Metadata(name=f"[internal] fetch {artifact.filename}"),
        )
        return llb.Bind(f"{folder}/{artifact.filename}", download, selector=_FILE)


def _origin(address: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port that credentials may be sent to; None where they may not.

    That is https, and http on the engine's own machine.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if (scheme == "https" and host) or (scheme == "http" and _is_loopback(host)):
        return scheme, host, port or (443 if scheme == "https" else 80)
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def local(package: LockedPackage) -> bool:
    """Whether the file of `package` lies in the build context."""
    return "path" in package.table["source"] or is_local_index(package.registry)
