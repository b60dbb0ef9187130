"""A small workspace of real packages: one member for every common build backend.

```
api     uv_build          flask, msgpack, group tools       core util text money clock
worker  hatchling         click                             core
site    not a package     jinja2                            core
tool    hatchling         tqdm                              (nobody needs it)
core    setuptools        attrs, python-dateutil            util
util    hatchling         idna, packaging, pyyaml
text    flit-core         sortedcontainers
money   poetry-core
clock   pdm-backend
```

With packages from 500 kB on by themselves, the image of `api` has pyyaml below four buckets of
packages over 50 kB, which begin at attrs, flask, msgpack and python-dateutil, and one of the rest.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import tomli_w

from examples import lock as locking

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BIG = "500kB"
#: Packages over a tenth of that, among those of the workspace and of its changes.
MIDDLING = frozenset(
    [
        *("attrs", "certifi", "click", "flask", "idna", "jinja2", "msgpack", "packaging"),
        *("python-dateutil", "tzdata", "werkzeug"),
    ]
)
_NEWEST = "2026-11-01T00:00:00Z"

#: Backends by the name of their package, with the name of the object that uv calls.
BACKENDS = {
    "flit-core": "flit_core.buildapi",
    "hatchling": "hatchling.build",
    "pdm-backend": "pdm.backend",
    "poetry-core": "poetry.core.masonry.api",
    "setuptools": "setuptools.build_meta",
    "uv-build": "uv_build",
}


@dataclass(frozen=True)
class Member:
    """A member of the workspace. Without a backend it is no package, only files to run."""

    backend: str
    requires: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    folder: str = "libs"
    version: str = "1.0.0"
    requires_python: str = ">=3.9"
    edition: str = "first"
    tools: Mapping[str, Any] = field(default_factory=dict)
    uv: Mapping[str, Any] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def manifest(self, name: str) -> dict[str, Any]:
        """The parsed `pyproject.toml`."""
        project: dict[str, Any] = {
            "name": name,
            "version": self.version,
            "description": f"{name} of the workspace",
            "requires-python": self.requires_python,
            "dependencies": [*self.requires, *self.members],
        }
        if self.folder == "apps" and self.backend:
            project["scripts"] = {name: f"{name}:main"}
        sources: dict[str, Any] = {other: {"workspace": True} for other in self.members}
        sources |= {package: {"path": path} for package, path in self.paths.items()}
        uv: dict[str, Any] = {"sources": sources, **self.uv}
        manifest: dict[str, Any] = {"project": project, "tool": {"uv": uv, **self.tools}}
        if self.groups:
            manifest["dependency-groups"] = {key: list(some) for key, some in self.groups.items()}
        if self.backend:
            manifest["build-system"] = {
                "requires": [self.backend],
                "build-backend": BACKENDS[self.backend],
            }
        else:
            uv["package"] = False
        if self.backend == "hatchling":
            # What hatchling itself would look for, said outright: it reads its table.
            wheel = {"targets": {"wheel": {"packages": [f"src/{name}"]}}}
            manifest["tool"]["hatch"] = {"build": wheel}
        return manifest

    def sources(self, name: str) -> dict[str, str]:
        """The files beside the manifest, by path."""
        code = f'"""{name} of the workspace."""\n\nEDITION = "{self.edition}"\n'
        if self.folder == "apps":
            others = [name, *self.members]
            imports = "".join(f"import {other}\n" for other in self.members)
            where = {n: "EDITION" if n == name else f"{n}.EDITION" for n in others}
            told = ", ".join(f'"{n}": {place}' for n, place in where.items())
            code += f"\n\ndef main():\n    import json\n{_indented(imports)}"
            code += f"\n    print(json.dumps({{{told}}}))\n"
        if not self.backend:
            return {"main.py": f'{code}\n\nif __name__ == "__main__":\n    main()\n'}
        return {f"src/{name}/__init__.py": code}


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def _members() -> dict[str, Member]:
    return {
        "api": Member(
            "uv-build",
            ("flask", "msgpack"),
            ("core", "util", "text", "money", "clock"),
            folder="apps",
            groups={"tools": ("tabulate",)},
        ),
        "worker": Member("hatchling", ("click",), ("core",), folder="apps"),
        "site": Member("", ("jinja2",), ("core",), folder="apps"),
        "tool": Member("hatchling", ("tqdm",), folder="apps", requires_python=">=3.11"),
        "core": Member("setuptools", ("attrs", "python-dateutil"), ("util",)),
        "util": Member("hatchling", ("idna", "packaging", "pyyaml")),
        "text": Member("flit-core", ("sortedcontainers",)),
        "money": Member("poetry-core"),
        "clock": Member("pdm-backend"),
    }


@dataclass(frozen=True)
class Workspace:
    """The workspace as a value: nothing of it is on disk before `write`.

    `versions` hold packages at versions that are not the newest; `archives` are further files by
    path; `tools` are further tables of the root's `[tool]`; `settings` are the frontend's, for all
    images.
    """

    members: Mapping[str, Member] = field(default_factory=_members)
    versions: Mapping[str, str] = field(
        default_factory=lambda: {"idna": "3.17", "pyyaml": "6.0.2", "click": "8.4.2"}
    )
    archives: Mapping[str, bytes] = field(default_factory=dict)
    tools: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=lambda: {"big": BIG})

    def with_member(self, name: str, member: Member) -> Workspace:
        """The workspace with a member more, or with another one of that name."""
        return replace(self, members={**self.members, name: member})

    def edited(self, name: str, **fields: Any) -> Workspace:
        """The workspace with some of a member's fields changed."""
        return self.with_member(name, replace(self.members[name], **fields))

    def files(self) -> dict[str, str]:
        """Every file but the lock, by path."""
        held = [f"{name}=={version}" for name, version in sorted(self.versions.items())]
        uv = {
            "exclude-newer": _NEWEST,
            "constraint-dependencies": held,
            "workspace": {"members": sorted(map(self.path, self.members))},
        }
        root = {"tool": {"uv": uv, "uv-frontend": dict(self.settings), **self.tools}}
        found = {
            "Dockerfile": "# syntax=org/uv-frontend\n",
            "pyproject.toml": tomli_w.dumps(root),
        }
        for name, member in self.members.items():
            folder = self.path(name)
            found[f"{folder}/pyproject.toml"] = tomli_w.dumps(member.manifest(name))
            for path, text in member.sources(name).items():
                found[f"{folder}/{path}"] = text
        return found

    def path(self, member: str) -> str:
        """The folder of a member."""
        return f"{self.members[member].folder}/{member}"

    def write(self, folder: Path, *, umask: int = 0o022, time: int | None = None) -> None:
        """Write and lock the workspace, as a checkout with that umask would.

        What is there already and stays the same is not touched. `time` is the modification time
        of every file, in seconds since 1970; None is now.
        """
        files = self.files()
        for path, text in files.items():
            _write(folder / path, text)
        for path, data in self.archives.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        _lock(folder, files)
        for parent, _, names in os.walk(folder, topdown=False):
            for path, mode in [(parent, 0o777), *((f"{parent}/{name}", 0o666) for name in names)]:
                os.chmod(path, mode & ~umask)  # noqa: PTH101
                if time is not None:
                    os.utime(path, (time, time))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


_locks: dict[str, str] = {}


def _lock(folder: Path, files: Mapping[str, str]) -> None:
    """Lock as `examples/lock.py` does; what only sources differ in has the same lock."""
    manifests = {path: text for path, text in files.items() if path.endswith(".toml")}
    key = hashlib.sha256(repr(sorted(manifests.items())).encode()).hexdigest()
    if key not in _locks:
        locking.lock(folder)
        _locks[key] = (folder / "uv.lock").read_text()
    _write(folder / "uv.lock", _locks[key])
