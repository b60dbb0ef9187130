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
    found = {
        "title": name,
        "version": version,
        "description": project.get("description", ""),
        "licenses": license_ or "",
        "authors": ", ".join(filter(None, authors)),
        "url": urls.get("homepage", ""),
        "source": urls.get("source") or urls.get("repository") or urls.get("sourcecode", ""),
        "documentation": urls.get("documentation") or urls.get("docs", ""),
    }
    return {_LABEL + key: value for key, value in found.items() if value}


def parse_ports(ports: Sequence[str]) -> tuple[str, ...]:
    """Expand ranges and add the protocol: `8000-8001` is `8000/tcp`, `8001/tcp`."""
    found = []
    for port in ports:
        numbers, _, protocol = port.partition("/")
        first, _, last = numbers.partition("-")
        for number in range(int(first), int(last or first) + 1):
            found.append(f"{number}/{protocol or 'tcp'}")
    return tuple(found)


def created(base: BaseImage, epoch: int | None) -> str:
    """Return the image's time: SOURCE_DATE_EPOCH, else the base's own, so that it never moves."""
    if epoch is not None:
        return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(base.config.get("created") or "1980-01-01T00:00:00Z")


def configure(
    base: BaseImage, platform: Platform, plan: Plan, runtime: Runtime, epoch: int | None
) -> bytes:
    """Return the image configuration as JSON."""
    config = dict(base.config)
    run = dict(config.get("config") or {})
    when = created(base, epoch)
    env = base.env
    if runtime.scripts == SCRIPTS:
        env |= {"PATH": f"{SCRIPTS}:{base.path}", "VIRTUAL_ENV": VENV}
    elif runtime.scripts not in base.path.split(":"):
        env["PATH"] = f"{runtime.scripts}:{base.path}"
    env |= {"PYTHONUNBUFFERED": "1", **runtime.env}
    run["Env"] = [f"{name}={value}" for name, value in env.items()]
    run["WorkingDir"] = runtime.workdir
    for key in ("Entrypoint", "Cmd", "OnBuild", "ArgsEscaped", "Shell", "Healthcheck"):
        run.pop(key, None)
    if runtime.entrypoint:
        run["Entrypoint"] = list(runtime.entrypoint)
    if runtime.cmd:
        run["Cmd"] = list(runtime.cmd)
    if runtime.user:
        run["User"] = runtime.user
    if runtime.ports:
        run["ExposedPorts"] = {
            **(run.get("ExposedPorts") or {}),
            **{port: {} for port in runtime.ports},
        }
    base_labels = {_LABEL + "base.name": base.name}
    if base.digest:
        base_labels[_LABEL + "base.digest"] = base.digest
    # The base's own title, version and so on describe the base, not this image.
    inherited = {
        k: v for k, v in (run.get("Labels") or {}).items() if not k.startswith(_OWN_LABELS)
    }
    run["Labels"] = {**inherited, **base_labels, **runtime.labels}
    config["config"] = run
    config["created"] = when
    config["os"] = platform.os
    config["architecture"] = platform.architecture
    config.pop("variant", None)
    if platform.variant:
        config["variant"] = platform.variant
    config["history"] = [
        *_base_history(config, when),
        *(
            {"created": when, "created_by": layer.title, "comment": "uv-frontend"}
            for layer in plan.layers
        ),
    ]
    return json.dumps(config, sort_keys=True).encode()


def _base_history(config: Mapping[str, Any], when: str) -> list[Any]:
    """The base's history with an entry for every layer of it.

    Imported and flattened images have layers without one; ours would be taken for theirs.
    """
    history = list(config.get("history") or ())
    layers = len((config.get("rootfs") or {}).get("diff_ids") or ())
    told = sum(1 for item in history if not item.get("empty_layer"))
    untold = {"created": when, "created_by": "layer of the base image", "comment": "uv-frontend"}
    return [*([untold] * (layers - told)), *history]
