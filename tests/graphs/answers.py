"""What steps leave behind, for the tests' gateway: nothing is installed or run.

A step that the frontend reads something of gets its answer here, from the files of the image it
runs in (`images`). All other steps leave nothing, unless the case says otherwise.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet

from tests.gateway import StepFailedError
from tests.graphs.images import ANSWERS, MACHINES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.gateway import Exec

_ROOT = "/run/uv-frontend"
_SOURCES = f"{_ROOT}/src"
_LAYER = "/layer"
_NO_PYTHON = 2
_MEANWHILE = 2.0


@dataclass(frozen=True)
class Failure:
    """How a step fails, and the report that it leaves, if any."""

    exit_code: int = 1
    report: Mapping[str, Any] | None = None


@dataclass
class Answers:
    """The callback of one run. `writes` are files that steps leave, `fails` how steps fail.

    Both are by a part of the step's title. `emulated` says whether programs of another platform
    than `architecture` run.
    """

    architecture: str
    writes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fails: Mapping[str, Failure] = field(default_factory=dict)
    emulated: bool = True
    reports: dict[str, Any] = field(default_factory=dict)
    hashed: threading.Event = field(default_factory=threading.Event)

    def __call__(self, step: Exec) -> None:
        """Do what the step does, as far as anyone looks at it."""
        for part, failure in self.fails.items():
            if part in step.name:
                # What is hashed meanwhile is sent in any case, and not only where it is quick.
                self.hashed.wait(_MEANWHILE)
                self._note(step, failure)
                raise StepFailedError(failure.exit_code)
        script = next((_script(arg) for arg in step.args if _script(arg)), "")
        handler = getattr(self, f"_{script}", None)
        if handler is not None:
            handler(step)
        elif "-c" in step.args:
            self._inline(step, step.args[step.args.index("-c") + 1])
        for part, files in self.writes.items():
            if part in step.name:
                for name, text in files.items():
                    path = step.path(f"{_LAYER}/{name}")
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text)

    def _note(self, step: Exec, failure: Failure) -> None:
        name = next((arg for arg in step.args if arg.endswith(".json")), "")
        if failure.report is not None:
            self.reports[name] = dict(failure.report)

    def _probe(self, step: Exec) -> None:
        self._needs_emulator(step)
        broken = _answer(step, "broken.json")
        if broken:
            raise StepFailedError(broken)
        if any(mount.target == "/opt/uv-python" for mount in step.mounts):
            _write(step, step.args[-1], _answer(step, "managed.json"))
            return
        wanted = ""
        if "--python" in step.args:
            wanted = step.args[step.args.index("--python") + 1]
        specifier = SpecifierSet(f"=={wanted}.*" if wanted[:1].isdigit() else wanted)
        for report in _answer(step, "probe.json"):
            version = report["markers"]["python_full_version"]
            if specifier.contains(version, prereleases=False if wanted else None) or not wanted:
                _write(step, step.args[-1], report)
                return
        if _NO_PYTHON not in step.op.meta.validExitCodes:
            raise StepFailedError(_NO_PYTHON)

    def _foreign(self, step: Exec) -> None:
        base = step.path(f"{_ROOT}/base")
        report = json.loads((base / ANSWERS / "foreign.json").read_text())
        _write(step, f"{_LAYER}/python.json", report)

    def _prefix(self, step: Exec) -> None:
        self._needs_emulator(step)
        _write(step, step.args[-1], _answer(step, "prefix.json"))

    def _provided(self, step: Exec) -> None:
        self._needs_emulator(step)
        _write(step, step.args[-1], _answer(step, "provided.json"))

    def _version(self, step: Exec) -> None:
        step.path(f"{_LAYER}/version").write_text("1.2.3.dev4\n")

    def _report(self, step: Exec) -> None:
        for name in step.args:
            if name in self.reports:
                _write(step, f"{_LAYER}/report.json", {"name": name, "report": self.reports[name]})
                return
        step.path(f"{_LAYER}/report.json").write_text("")

    def _inline(self, step: Exec, code: str) -> None:
        if "hash" in step.name:
            self._hash(step, code)
            self.hashed.set()
        elif "version" in step.name:
            step.path(f"{_LAYER}/version").write_text(step.path(f"{_ROOT}/uv").read_text())
        elif code == "pass":
            self._needs_emulator(step)

    def _needs_emulator(self, step: Exec) -> None:
        machines = {each["markers"]["platform_machine"] for each in _answer(step, "probe.json")}
        if not self.emulated and machines and MACHINES[self.architecture] not in machines:
            raise StepFailedError

    @staticmethod
    def _hash(step: Exec, code: str) -> None:
        """Run the step's own program on the files that it would have."""
        with tempfile.TemporaryDirectory() as folder:
            top = Path(folder, "src")
            for target, path in _sources(step):
                link = top / target if target else top
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path)
            placed = code.replace(_SOURCES, str(top)).replace(f"{_LAYER}/", f"{step.path(_LAYER)}/")
            env = {"PATH": os.environ["PATH"]}
            subprocess.run([sys.executable, "-I", "-S", "-c", placed], check=True, env=env)


def _sources(step: Exec) -> Iterator[tuple[str, Path]]:
    for mount in step.mounts:
        if mount.target == _SOURCES or mount.target.startswith(f"{_SOURCES}/"):
            yield mount.target.removeprefix(_SOURCES).strip("/"), mount.path


def _script(argument: str) -> str:
    name = argument.removeprefix(f"{_ROOT}/steps/")
    return name.removesuffix(".py") if name != argument else ""


def _answer(step: Exec, name: str) -> Any:
    return json.loads(step.path(f"/{ANSWERS}/{name}").read_text())


def _write(step: Exec, path: str, answer: Any) -> None:
    step.path(path).write_text(json.dumps(answer, sort_keys=True))
