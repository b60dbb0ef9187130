"""A base image: its configuration, and where its Python keeps packages."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llb import Output


VENV = "/app/.venv"
SCRIPTS = f"{VENV}/bin"
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOT_FOR_STEPS = ("PIP_", "PYTHON", "UV_", "VIRTUAL_ENV", "CONDA_", "GPG_KEY")


@dataclass(frozen=True)
class BaseImage:
    """A resolved base image: the name the user knows, what it is pinned to, its configuration.

    `filesystem` is set for what is in no registry; without a digest, `fingerprint` tells it apart.
    """

    name: str
    pinned: str
    digest: str
    config: Mapping[str, Any]
    raw: bytes = b""
    filesystem: Output | None = None
    fingerprint: str = ""

    @property
    def env(self) -> dict[str, str]:
        """The environment the base sets."""
        pairs = (item.partition("=") for item in self._run("Env") or ())
        return {name: value for name, _, value in pairs}

    @property
    def build_env(self) -> dict[str, str]:
        """What the image sets for whatever runs in it (CUDA_HOME, LD_LIBRARY_PATH, CC…).

        Less what would lead uv or the interpreter astray, and what only names a Python version.
        """
        return {k: v for k, v in self.env.items() if not k.startswith(_NOT_FOR_STEPS)}

    @property
    def path(self) -> str:
        """The search path for programs."""
        return self.env.get("PATH") or _DEFAULT_PATH

    @property
    def user(self) -> str:
        """The user its containers run as, as it is written there; empty for root."""
        user = str(self._run("User") or "")
        return "" if user.partition(":")[0] in ("root", "0") else user

    @property
    def architecture(self) -> str:
        """What processor it is for; empty where its configuration does not say."""
        return str(self.config.get("architecture") or "")

    @property
    def identity(self) -> str:
        """A short name for the contents, also where there is no digest."""
        told = self.raw + self.fingerprint.encode()
        digest = self.digest.partition(":")[2] or hashlib.sha256(told).hexdigest()
        return digest[:16]

    @property
    def layers(self) -> int:
        """How many layers the base has."""
        return len((self.config.get("rootfs") or {}).get("diff_ids") or ())

    def _run(self, key: str) -> Any:
        return (self.config.get("config") or {}).get(key)


def base_image(name: str, pinned: str, digest: str, raw: bytes) -> BaseImage:
    """Read a base image's configuration."""
    config = json.loads(raw) if raw else {}
    return BaseImage(name, pinned, digest, config, raw)


@dataclass(frozen=True)
class Prefix:
    """Where a Python has what: `packages`, `scripts` and `data` are folders, links resolved.

    `distributions` has the version of each package there, and whether it lists its files.
    """

    interpreter: str
    packages: str
    scripts: str
    data: str
    distributions: Mapping[str, tuple[str, bool]]

    @property
    def layout(self) -> str:
        """What a step needs of it, as JSON."""
        told = {
            "interpreter": self.interpreter,
            "packages": self.packages,
            "scripts": self.scripts,
            "data": self.data,
        }
        return json.dumps(told, sort_keys=True)
