"""The image's configuration: the base's, and what this image adds to it.

OCI image-spec, config.md. Unknown keys of the base survive; `rootfs` and the tail of `history` are
the exporter's to fill (BuildKit, exporter/containerimage/writer.go), which matches our history
entries to layers from the bottom.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from frontend.model.base import SCRIPTS, VENV, BaseImage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from frontend.model.layers import Plan
    from llb import Platform


_LABEL = "org.opencontainers.image."
#: Labels that describe an image itself, and no other that is made from it.
_OWN_LABELS = (_LABEL, "uv-frontend.")
#: Keys of a base that this module writes, or that do not hold for an image on that base.
_REPLACED = frozenset(("architecture", "config", "created", "history", "os", "variant"))
_REPLACED_RUN = frozenset(
    (
        *("Cmd", "Entrypoint", "Env", "Labels", "WorkingDir"),
        *("ArgsEscaped", "Healthcheck", "OnBuild", "Shell"),
    )
)


@dataclass(frozen=True)
class Runtime:
    """How containers of the image run. `scripts` is the folder with those of packages."""

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/app"
    user: str = ""
    ports: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    scripts: str = SCRIPTS


@dataclass(frozen=True)
class ImageConfig:
    """An image configuration (OCI image-spec, config.md); by default that of nothing but files.

    `inherited` are the other keys of the base's `config`, and `unknown` its other keys at the top,
    `rootfs` among them; both are written as they are. The base's `User` and `ExposedPorts` are in
    `inherited` where `user` and `exposed_ports` are empty. `history` is None where the image has no
    layers of ours to tell of.
    """

    platform: Platform
    created: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    working_dir: str = ""
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    user: str = ""
    exposed_ports: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Mapping[str, Any], ...] | None = None
    inherited: Mapping[str, Any] = field(default_factory=dict)
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def effective_user(self) -> str:
        """The user that containers run as, the base's included; `0` where neither names one."""
        return self.user or str(self.inherited.get("User") or "0")

    @property
    def document(self) -> dict[str, Any]:
        """The configuration as JSON has it."""
        run = {
            "Env": [f"{name}={value}" for name, value in self.env.items()],
            "WorkingDir": self.working_dir,
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.cmd),
            "User": self.user,
            "ExposedPorts": dict(self.exposed_ports),
            "Labels": dict(self.labels),
        }
        top = {"created": self.created, "variant": self.platform.variant}
        return {
            **self.unknown,
            "architecture": self.platform.architecture,
            "os": self.platform.os,
            **_set(top),
            **({} if self.history is None else {"history": list(self.history)}),
            "config": {**self.inherited, **_set(run)},
        }

    def to_json(self) -> bytes:
        """Return the bytes of the configuration; equal configurations have equal bytes."""
        return json.dumps(self.document, sort_keys=True).encode()


def _set(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that have a value."""
    return {key: value for key, value in values.items() if value}


def command(
    scripts: Sequence[str],
    package: str,
    entrypoint: tuple[str, ...] | None,
    cmd: tuple[str, ...] | None,
    folder: str = SCRIPTS,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return entry point and command.

    What the user sets is taken as it is. Otherwise the package's only script runs, or the one named
    like the package; a package with neither starts Python.
    """
    if entrypoint is not None or cmd is not None:
        return entrypoint or (), cmd or ()
    script = next((s for s in scripts if canonicalize_name(s) == package), "")
    if len(scripts) == 1:
        script = scripts[0]
    if script:
        return (f"{folder}/{script}",), ()
    return (), ("python",)


def metadata_labels(project: Mapping[str, Any], name: str, version: str) -> dict[str, str]:
    """Return OCI labels (image-spec, annotations.md) from a `[project]` table."""
    urls = {k.lower().replace(" ", ""): v for k, v in (project.get("urls") or {}).items()}
    authors = [a.get("name") or a.get("email", "") for a in project.get("authors") or ()]
    license_ = project.get("license")
    if isinstance(license_, dict):
        # Often the whole text, where the label wants an expression such as MIT.
        text = str(license_.get("text", "")).strip()
        license_ = "" if "\n" in text else text
    values = {
        "title": name,
        "version": version,
        "description": project.get("description", ""),
        "licenses": license_ or "",
        "authors": ", ".join(filter(None, authors)),
        "url": urls.get("homepage", ""),
        "source": urls.get("source") or urls.get("repository") or urls.get("sourcecode", ""),
        "documentation": urls.get("documentation") or urls.get("docs", ""),
    }
    return {_LABEL + key: value for key, value in _set(values).items()}


def parse_ports(ports: Sequence[str]) -> tuple[str, ...]:
    """Expand ranges and add the protocol: `8000-8001` is `8000/tcp`, `8001/tcp`."""
    expanded = []
    for port in ports:
        numbers, _, protocol = port.partition("/")
        first, _, last = numbers.partition("-")
        for number in range(int(first), int(last or first) + 1):
            expanded.append(f"{number}/{protocol or 'tcp'}")
    return tuple(expanded)


def created(base: BaseImage, epoch: int | None) -> str:
    """Return the image's time: SOURCE_DATE_EPOCH, else the base's own, so that it never moves."""
    if epoch is not None:
        return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(base.config.get("created") or "1980-01-01T00:00:00Z")


def configure(
    base: BaseImage, platform: Platform, plan: Plan, runtime: Runtime, epoch: int | None
) -> ImageConfig:
    """Return the configuration of an image of the plan's layers on the base."""
    run = base.config.get("config") or {}
    when = created(base, epoch)
    inherited = _without(run, _REPLACED_RUN)
    exposed: dict[str, Any] = {}
    if runtime.user:
        inherited.pop("User", None)
    if runtime.ports:
        exposed = {
            **(inherited.pop("ExposedPorts", None) or {}),
            **{port: {} for port in runtime.ports},
        }
    ours = (
        {"created": when, "created_by": layer.title, "comment": "uv-frontend"}
        for layer in plan.layers
    )
    return ImageConfig(
        platform,
        when,
        _env(base, runtime),
        runtime.workdir,
        runtime.entrypoint,
        runtime.cmd,
        runtime.user,
        exposed,
        {**_base_labels(base), **runtime.labels},
        (*_base_history(base, when), *ours),
        inherited,
        _without(base.config, _REPLACED),
    )


def _without(values: Mapping[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in keys}


def _env(base: BaseImage, runtime: Runtime) -> dict[str, str]:
    """Return the base's variables with ours, and the user's last."""
    env = base.env
    if runtime.scripts == SCRIPTS:
        env |= {"PATH": f"{SCRIPTS}:{base.path}", "VIRTUAL_ENV": VENV}
    elif runtime.scripts not in base.path.split(":"):
        env["PATH"] = f"{runtime.scripts}:{base.path}"
    return {**env, "PYTHONUNBUFFERED": "1", **runtime.env}


def _base_labels(base: BaseImage) -> dict[str, Any]:
    """Return the base's labels that hold for images on it, and those that name the base."""
    labels = (base.config.get("config") or {}).get("Labels") or {}
    # The base's own title, version and so on describe the base, not this image.
    inherited = {k: v for k, v in labels.items() if not k.startswith(_OWN_LABELS)}
    names = {_LABEL + "base.name": base.name}
    if base.digest:
        names[_LABEL + "base.digest"] = base.digest
    return {**inherited, **names}


def _base_history(base: BaseImage, when: str) -> list[Mapping[str, Any]]:
    """Return the base's history with an entry for every layer of it.

    Imported and flattened images have layers without one; ours would be taken for theirs.
    """
    history = list(base.config.get("history") or ())
    listed = sum(1 for item in history if not item.get("empty_layer"))
    unlisted = {"created": when, "created_by": "layer of the base image", "comment": "uv-frontend"}
    return [*([unlisted] * (base.layers - listed)), *history]
