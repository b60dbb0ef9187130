"""Images that cases build on: their configurations, and the answers that steps in them give.

A step that looks at an image finds the answer in the image's own files, below `ANSWERS`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.gateway import Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ANSWERS = "answers"
FRONTEND = "docker.io/org/uv-frontend:1"
#: What uname calls the processors of platforms.
MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "s390x": "s390x"}
_PASSWD = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
_GROUP = "root:x:0:\nusers:x:100:\nnogroup:x:65534:\n"
_APT = ("sh", "apt-get")


@dataclass(frozen=True)
class Base:
    """What an image is like; `pythons` are versions that it has, as `python --version` has them.

    `distributions` are the packages of its Python, each with the flag that it lists its files;
    `files` are further files, `managed` is the Python that uv would install.
    """

    pythons: Sequence[str] = ("3.13.5",)
    prefix: str = "/usr/local"
    libc: tuple[str, str] = ("glibc", "2.41")
    system: tuple[str, str, str] = ("debian", "13", "trixie")
    programs: Sequence[str] = _APT
    app: Sequence[int] | None = None
    environment: bool = False
    passwd: str = _PASSWD
    group: str = _GROUP
    user: str = ""
    workdir: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    architectures: Sequence[str] = ("amd64", "arm64")
    distributions: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    implementation: str = "CPython"
    managed: str = "3.13.14"
    broken: int = 0

    def config(self, architecture: str) -> dict[str, Any]:
        """The OCI configuration."""
        env = {"PATH": f"{self.prefix}/bin:/usr/bin:/bin", **self.env}
        run: dict[str, Any] = {"Env": [f"{key}={value}" for key, value in env.items()]}
        run["Cmd"] = ["python3"]
        if self.user:
            run["User"] = self.user
        if self.workdir:
            run["WorkingDir"] = self.workdir
        run["Labels"] = {"org.opencontainers.image.title": "base", "maintainer": "nobody"}
        return {
            "architecture": architecture,
            "os": "linux",
            "created": "2026-10-01T00:00:00Z",
            "config": run,
            "history": [{"created": "2026-10-01T00:00:00Z", "created_by": "files"}],
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{'1' * 64}"]},
        }

    def write(self, folder: Path, architecture: str) -> None:
        """Write the image's files."""
        answers = {
            "probe.json": [self._probe(version, architecture) for version in self.pythons],
            "managed.json": self._probe(self.managed, architecture, "/opt/uv-python/python"),
            "foreign.json": {
                "pythons": [self._foreign(version, architecture) for version in self.pythons],
                "system": self._system(foreign=True),
            },
            "provided.json": {
                "distributions": {name: v for name, (v, _) in self.distributions.items()},
                "environment": [],
            },
            "prefix.json": {
                "prefixes": [self.prefix],
                "packages": f"{self.prefix}/lib/python{self._minor}/site-packages",
                "scripts": f"{self.prefix}/bin",
                "data": self.prefix,
                "distributions": {k: list(each) for k, each in self.distributions.items()},
            },
            "broken.json": self.broken,
        }
        files = {f"{ANSWERS}/{name}": json.dumps(answer) for name, answer in answers.items()}
        for name, text in (files | dict(self.files)).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    @property
    def _minor(self) -> str:
        return ".".join(self.pythons[0].split(".")[:2]) if self.pythons else "3"

    def _probe(self, version: str, architecture: str, prefix: str = "") -> dict[str, Any]:
        minor = ".".join(version.split(".")[:2])
        return {
            "path": f"{prefix or self.prefix}/bin/python{minor}",
            "prefix": prefix or self.prefix,
            "bits": 64,
            "free_threaded": False,
            "libc": dict(zip(("name", "version"), self.libc, strict=True)),
            "markers": {
                "implementation_name": self.implementation.lower(),
                "implementation_version": version,
                "os_name": "posix",
                "platform_machine": MACHINES[architecture],
                "platform_python_implementation": self.implementation,
                "platform_release": "",
                "platform_system": "Linux",
                "platform_version": "",
                "python_full_version": version,
                "python_version": minor,
                "sys_platform": "linux",
            },
            "system": self._system(),
        }

    def _foreign(self, version: str, architecture: str) -> dict[str, Any]:
        return {
            "path": f"{self.prefix}/bin/python{'.'.join(version.split('.')[:2])}",
            "prefix": self.prefix,
            "version": version,
            "free_threaded": False,
            "machine": MACHINES[architecture],
            "libc": dict(zip(("name", "version"), self.libc, strict=True)),
        }

    def _system(self, *, foreign: bool = False) -> dict[str, Any]:
        programs = [name for name in self.programs if name != "git" or not foreign]
        return {
            **dict(zip(("id", "version", "codename"), self.system, strict=True)),
            "programs": programs,
            "app": self.app,
            "environment": self.environment,
            "passwd": self.passwd,
            "group": self.group,
        }


_OFFICIAL = {"LANG": "C.UTF-8", "GPG_KEY": "0", "PYTHON_VERSION": "3.13.5"}
_RAY = {"numpy": ("2.4.6", True), "pandas": ("3.0.0", True), "joblib": ("1.5.0", True)}
_DPKG = "Package: base-files\nStatus: install ok installed\nArchitecture: amd64\nVersion: 13.1\n"
_APK = ("alpine", "3.22.1", "")

#: By the names that cases use, which are normalised as the daemon wants them.
BASES: Mapping[str, Base] = {
    FRONTEND: Base(pythons=()),
    "docker.io/library/python:3.13-slim": Base(
        env=_OFFICIAL,
        files={
            "etc/os-release": 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian 13"\n',
            "var/lib/dpkg/status": _DPKG,
        },
    ),
    "docker.io/library/python:3.13": Base(env=_OFFICIAL, programs=(*_APT, "git")),
    "docker.io/library/python:3.12-slim": Base(pythons=("3.12.11",), env=_OFFICIAL),
    "docker.io/library/python:3.11-slim": Base(pythons=("3.11.13",), env=_OFFICIAL),
    "docker.io/library/python:3.13-alpine": Base(
        libc=("musl", "1.2.5"), system=_APK, programs=("sh", "apk"), env=_OFFICIAL
    ),
    "docker.io/library/debian:13-slim": Base(pythons=(), prefix="/usr"),
    "docker.io/library/ubuntu:24.04": Base(
        pythons=("3.12.3",),
        prefix="/usr",
        libc=("glibc", "2.39"),
        system=("ubuntu", "24.04", "noble"),
    ),
    "registry.example/ml/cuda:12-ubuntu24.04": Base(
        pythons=("3.12.3",),
        prefix="/usr",
        libc=("glibc", "2.39"),
        system=("ubuntu", "24.04", "noble"),
        env={"CUDA_VERSION": "12.9", "LD_LIBRARY_PATH": "/usr/local/cuda/lib64"},
    ),
    "registry.example/ml/ray:2-py313": Base(
        prefix="/opt/conda",
        user="ray",
        workdir="/home/ray",
        passwd=f"{_PASSWD}ray:x:1000:100:Ray:/home/ray:/bin/bash\n",
        distributions=_RAY,
    ),
    "registry.example/unlisted:1": Base(distributions={"numpy": ("1.26.4", False)}),
    "registry.example/occupied:1": Base(
        app=(1234, 1234, 0o2775), environment=True, files={"app/.venv/pyvenv.cfg": ""}
    ),
    "registry.example/distroless:1": Base(programs=(), passwd="", group=""),
    "registry.example/pypy:3.11": Base(pythons=("3.11.13",), implementation="PyPy"),
    "registry.example/broken:1": Base(broken=126),
    "registry.example/beta:3.14": Base(pythons=("3.14.0b2",)),
    "registry.example/amd64:1": Base(architectures=("amd64",)),
    "registry.example/s390x:1": Base(architectures=("s390x",)),
    "registry.example/uv:0.12": Base(pythons=(), files={"uv": "uv 0.12.4 (0123abc 2026-08-01)"}),
    "registry.example/uv:0.6": Base(pythons=(), files={"usr/bin/uv": "uv 0.6.17"}),
    "registry.example/uv:none": Base(pythons=()),
}


class Images(Mapping[str, Mapping[str, Image]]):
    """All images by name, and `extra` ones; files of those that are used are below `folder`."""

    def __init__(self, folder: Path, extra: Mapping[str, Image]) -> None:
        self._folder = folder
        self._extra = extra
        self._made: dict[str, Mapping[str, Image]] = {}
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> Mapping[str, Image]:
        if name in self._extra:
            return dict.fromkeys(("linux/amd64", "linux/arm64"), self._extra[name])
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(BASES[name])
            return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*BASES, *self._extra])

    def __len__(self) -> int:
        return len(BASES) + len(self._extra)

    def _make(self, base: Base) -> dict[str, Image]:
        made = {}
        for architecture in base.architectures:
            root = self._folder / f"{len(self._made)}-{architecture}"
            root.mkdir(parents=True)
            base.write(root, architecture)
            made[f"linux/{architecture}"] = Image(base.config(architecture), root)
        return made
