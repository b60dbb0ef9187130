"""A base image: its configuration, and where its Python keeps packages."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from frontend.errors import FrontendError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
        contents = self.raw + self.fingerprint.encode()
        digest = self.digest.partition(":")[2] or hashlib.sha256(contents).hexdigest()
        return digest[:16]

    @property
    def layers(self) -> int:
        """How many layers the base has."""
        return len((self.config.get("rootfs") or {}).get("diff_ids") or ())

    def _run(self, key: str) -> Any:
        return (self.config.get("config") or {}).get(key)


def base_image(name: str, pinned: str, digest: str, raw: bytes) -> BaseImage:
    """Read a base image's configuration; FrontendError for one that is malformed.

    What is read of it has the kinds of the OCI image specification; all else is left as it is.
    """
    try:
        config = json.loads(raw) if raw else {}
    except (ValueError, RecursionError):
        raise _malformed(name, "it is not JSON") from None
    if not isinstance(config, dict):
        raise _malformed(name, "it is not an object")
    _check(name, "", config, _TOP)
    _check(name, "config.", config.get("config") or {}, _RUN)
    _check(name, "rootfs.", config.get("rootfs") or {}, {"diff_ids": _TEXTS})
    return BaseImage(name, pinned, digest, config, raw)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_table_of_texts(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return all(item is None or isinstance(item, str) for item in value.values())


def _is_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_Kind = tuple[str, "Callable[[object], bool]"]
_TEXT: _Kind = ("text", _is_text)
_TEXTS: _Kind = ("a list of texts", _is_texts)
_OBJECT: _Kind = ("an object", _is_object)
_TOP: dict[str, _Kind] = {
    "architecture": _TEXT,
    "config": _OBJECT,
    "history": ("a list of objects", _is_objects),
    "rootfs": _OBJECT,
}
_RUN: dict[str, _Kind] = {
    "Env": _TEXTS,
    "Labels": ("an object of texts", _is_table_of_texts),
}


def _check(name: str, path: str, table: Mapping[str, Any], kinds: Mapping[str, _Kind]) -> None:
    """Refuse a value of another kind; null means nothing, as Go writes it."""
    for key, (kind, is_kind) in kinds.items():
        value = table.get(key)
        if value is not None and not is_kind(value):
            raise _malformed(name, f"{path}{key} is not {kind}")


def _malformed(name: str, reason: str) -> FrontendError:
    return FrontendError(
        f"the configuration of image {name} is malformed: {reason}",
        remedy="Choose another image, or build this one anew: docker image inspect shows what it "
        "has.",
    )


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
        places = {
            "interpreter": self.interpreter,
            "packages": self.packages,
            "scripts": self.scripts,
            "data": self.data,
        }
        return json.dumps(places, sort_keys=True)
