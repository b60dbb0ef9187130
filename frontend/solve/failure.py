"""A failed step in the user's terms: one row of a table for each kind of failure.

The exit code of a container says nothing, and its output goes to the progress display only. So a
step leaves a report in a cache mount before it fails (`steps/places.py`), and a small second step
brings it here. Programs of the build can write to that mount: a report is checked and bounded, and
one that is malformed counts as none.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import llb
from frontend.container.paths import ROOT
from frontend.container.scripts import steps
from frontend.errors import FrontendError, Location
from frontend.gateway import GatewayError
from frontend.model.base_changes import SystemPackages
from frontend.model.layers import BaseLayer, Kind
from frontend.resolve.hermetic import group_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from frontend.emit.step import Step
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.resolve.platform import ResolvedPlatform


#: What uv says around the output of a build, and says nothing about it.
_FRAME = ("error: Failed to build", "cause: The build backend", "hint: Build failures usually")
_MOST_LINES = 25
#: The most of a report that is read, in bytes, and of one of its lines that is shown.
_MOST_BYTES = 1 << 20
_MOST_IN_LINE = 2_000
_MOST_SHOWN = 100_000
_CUT = " … (cut)"
#: Everything that is no character of a line, but for the tabulator.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")


@dataclass(frozen=True)
class FailureReport:
    """Why a step failed, as it says: one of the kinds of FAILURES, and what that is about.

    `package` is empty where it is about none, `detail` one line, `output` what a program printed.
    """

    kind: str
    package: str = ""
    detail: str = ""
    output: str = ""

    @classmethod
    def parse(cls, data: bytes) -> tuple[str, FailureReport] | None:
        """Read what `steps/report.py` wrote: a report and its name; None for anything else."""
        try:
            document = json.loads(data)
            name, report = document["name"], document["report"]
            fields = {key: report.get(key, "") for key in ("kind", "package", "detail", "output")}
        except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
            return None
        if not all(isinstance(text, str) for text in (name, *fields.values())):
            return None
        output = "\n".join(map(_line, fields["output"][-_MOST_SHOWN:].split("\n")))
        detail, package = _line(fields["detail"].strip()), _line(fields["package"].strip())
        return name, cls(fields["kind"], package, detail, output)


def _line(text: str) -> str:
    """Return one line of a report without control characters, and not longer than is shown."""
    text = _CONTROL.sub("", text.replace("\n", " "))
    return text if len(text) <= _MOST_IN_LINE else text[:_MOST_IN_LINE] + _CUT


def explain(
    gateway: Gateway, resolved: ResolvedPlatform, ran: Sequence[Step], error: GatewayError
) -> Exception:
    """Return what to raise for `error`: with the step's own report if one was left."""
    by_report = {step.report: step for step in ran if step.report}
    # The message has the command line of the step, and so the name of its report. There may be
    # reports of other steps, which other builds have left.
    failed = [name for name in by_report if name in error.message]
    found = read_report(gateway, resolved, failed)
    if found and found[0] in by_report:
        name, report = found
        return error_of(Failure(by_report[name], report, resolved.inputs))
    if unfetched := re.search(r"failed to fetch remote (\S+):(?:\s|$)", error.message):
        return _unfetched(unfetched.group(1), resolved.inputs, error)
    return _unexplained(by_report[failed[0]] if failed else None, error)


def read_report(
    gateway: Gateway, resolved: ResolvedPlatform, names: list[str]
) -> tuple[str, FailureReport] | None:
    """Ask for the first report that exists under one of `names`; its name is returned with it.

    It stays where it is: builds that share a step fail together, and each of them asks.
    """
    if not names:
        return None
    env, writer = resolved.environment, resolved.writer
    output = writer.run(
        env,
        [env.interpreter.path, "-I", "-S", f"{ROOT}/steps/report.py", *names],
        name="[internal] read why a step failed",
        # The answer differs from one moment to the next, and must never come from the cache.
        variables={"UV_FRONTEND_MOMENT": secrets.token_hex(8)},
        mounts=[llb.Bind(f"{ROOT}/steps", steps("report")), writer.reports()],
        network=False,
    )
    try:
        return FailureReport.parse(gateway.solve(output).read_file("/report.json", _MOST_BYTES))
    except GatewayError:
        return None


def _unexplained(step: Step | None, error: GatewayError) -> Exception:
    """Say how a step ended that could not say why it failed; else return `error` itself."""
    if not error.step_end:
        return error
    return FrontendError(
        f"{step.layer.title if step else 'a step'} failed without a report: {error.step_end}",
        remedy="What it printed stands above. Exit code 137 says that it was killed, mostly "
        "because the engine's machine had no more memory.",
    )


def _unfetched(address: str, inputs: BuildInputs, error: GatewayError) -> Exception:
    """A dependency that BuildKit could not fetch from git; `error` itself where it is none."""
    lock = inputs.workspace.lock
    sources = ((p["name"], str(p["source"].get("git", ""))) for p in lock.packages)
    name = next((n for n, source in sources if source.partition("?")[0].startswith(address)), "")
    if not name:
        return error
    fatal = re.search(r"fatal: (.*)", error.message)
    return FrontendError(
        f"{name} cannot be fetched from git: {fatal.group(1) if fatal else error.message}",
        remedy=f"A private repository needs a token: --secret id=GIT_AUTH_TOKEN.{_host(address)},"
        "env=… (or id=GIT_AUTH_TOKEN for every host). Behind a private CA or where the engine has "
        "no git, set `builder` to an image that has git and the same Python.",
        places=(lock.place(name),),
    )


def failure_message(output: str) -> str:
    """Return the end of what uv passed on, indented, without its framing; the log has all of it."""
    lines = [line for line in output.splitlines() if not line.strip().startswith(_FRAME)]
    lines = [re.sub(r"^( {7}(?=  )|  cause: )", "  ", line) for line in lines]
    text = re.sub(r"\n\s*\n", "\n", "\n".join(lines)).strip("\n")
    kept = text.splitlines()
    if len(kept) > _MOST_LINES:
        kept = ["  …", *kept[-_MOST_LINES:]]
    return "\n".join(kept)


@dataclass(frozen=True)
class Failure:
    """A step, the report that it left, and the inputs of the build that it belongs to."""

    step: Step
    report: FailureReport
    inputs: BuildInputs

    @cached_property
    def label(self) -> str:
        """What failed: a member, a package with its version, or the layer."""
        if member := self.step.layer.member:
            return f"package {member.name!r}"
        name, packages = self.report.package, self.step.layer.packages
        locked = next((p for p in packages if p.name == name), None)
        return f"{locked.name} {locked.version}" if locked else name or self.step.layer.title

    @cached_property
    def places(self) -> tuple[Location, ...]:
        """Where it is named: the member's manifest, or the lock."""
        if member := self.step.layer.member:
            return (self.inputs.workspace.manifest(member).place("build-system"),)
        name, packages = self.report.package, self.step.layer.packages
        version = next((p.version for p in packages if p.name == name), "")
        return (self.inputs.workspace.lock.place(name, version),)

    @property
    def because(self) -> str:
        """The detail as the end of a message; empty without one."""
        return f": {self.report.detail}" if self.report.detail else ""

    @property
    def output(self) -> str:
        """The end of what was printed."""
        return failure_message(self.report.output)

    @property
    def name(self) -> str:
        """The package's name as a word of a command."""
        return self.report.package or "NAME"

    @property
    def expected(self) -> str:
        """The hash that the lock names."""
        return self.report.detail.partition(" ")[0]

    @property
    def computed(self) -> str:
        """The hash of what was downloaded."""
        return self.report.detail.partition(" ")[2]

    @property
    def requirement(self) -> str:
        """What a build requires and the build group lacks."""
        return self.report.detail.partition(",")[0]

    @property
    def group(self) -> str:
        """The dependency group with what builds need."""
        return group_name(self.inputs)

    @property
    def key(self) -> str:
        """The key that names the system packages of the layer."""
        layer = self.step.layer
        if isinstance(layer, BaseLayer) and isinstance(layer.change, SystemPackages):
            return layer.change.key
        return "apt"

    @property
    def manager_says(self) -> str:
        """Why the distribution's package manager failed, in its own words."""
        detail = self.report.detail
        if self.key.endswith("apk"):
            # apk's reason stands below its `ERROR: unable to select packages:`, further in.
            lines = self.report.output.splitlines()
            first = next((n for n, line in enumerate(lines) if line.startswith("ERROR: ")), None)
            if first is not None:
                detail = " ".join(line.strip() for line in lines[first : first + 3])
        return detail or "see what is printed above"


@dataclass(frozen=True)
class FailureKind:
    """How one kind of failure is reported.

    `message` and `remedy` are templates (str.format) of the attributes of the failure `f`. `places`
    are those of the failure where it is None.
    """

    message: str
    remedy: str | Callable[[Failure], str] = ""
    places: Callable[[Failure], tuple[Location, ...]] | None = None


def error_of(failure: Failure) -> FrontendError:
    """Return the error for a failure, by the row of FAILURES for its kind."""
    if failure.report.kind == "files" and failure.step.layer.kind is Kind.FILES:
        return _missing_files(failure)
    kind = FAILURES.get(failure.report.kind, FAILURES["other"])
    remedy = kind.remedy if isinstance(kind.remedy, str) else kind.remedy(failure)
    return FrontendError(
        kind.message.format(f=failure),
        remedy=remedy.format(f=failure) if isinstance(kind.remedy, str) else remedy,
        places=kind.places(failure) if kind.places else failure.places,
    )


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc.rpartition("@")[2]
    except ValueError:
        return "HOST"


def _git_access(failure: Failure) -> str:
    address = failure.report.detail
    if address.startswith("ssh:"):
        return "Pass your SSH agent, with a key that may read the repository: --ssh default"
    return (
        "Give the build a token that may read the repository: "
        f"--secret id=GIT_AUTH_TOKEN.{_host(address)},env=… (or id=GIT_AUTH_TOKEN for every host)."
    )


def _unbuildable(failure: Failure) -> str:
    if failure.step.layer.member:
        return (
            "Try `uv build` in its directory; what it needs beyond its own directory must be part "
            "of the build."
        )
    return (
        "It has no wheel for this target, and building it failed: choose a `builder` with the "
        "compilers it needs, or another version."
    )


def _system_remedy(failure: Failure) -> str:
    decides = "" if failure.key.endswith("apk") else "`apt-snapshot` decides which day's; "
    return (
        f"Names and versions are those of the image's distribution; {decides}"
        "the network of the build decides whether its archive can be reached."
    )


def _system_places(failure: Failure) -> tuple[Location, ...]:
    return failure.inputs.settings.origin(failure.key)


def _test_places(failure: Failure) -> tuple[Location, ...]:
    return failure.inputs.settings.origin("test")


#: Every kind that a step reports (`steps/uv_run.py`, `test.py`, `files.py`, `system.sh`). Those of
#: `check.py` are explained where checks run (`solve/checks.py`).
FAILURES: Mapping[str, FailureKind] = {
    "auth": FailureKind(
        "{f.label}: the index refuses access{f.because}",
        "Give the build the index's credentials as secrets: a netrc file, --secret "
        "id=netrc,src=$HOME/.netrc, or for an index named corp in tool.uv.index "
        "--secret id=UV_INDEX_CORP_USERNAME,env=… and id=UV_INDEX_CORP_PASSWORD,env=…",
    ),
    "build": FailureKind("{f.label} cannot be built:\n{f.output}", _unbuildable),
    "certificate": FailureKind(
        "{f.label} cannot be downloaded: the index's certificate is not trusted "
        "({f.report.detail})",
        "Behind a private CA, pass its bundle: --secret id=ca,src=ca.pem",
    ),
    # Of a layer that is not of `files` itself: a virtual package whose directory has no such file.
    "files": FailureKind("{f.label} cannot be installed:\n{f.output}"),
    "git": FailureKind(
        "{f.label} comes from git, and the builder image has no git",
        'Add it: build-apt = ["git"]. Or set `builder` to an image that has git and the '
        "same Python.",
    ),
    "git-access": FailureKind("{f.label}: the git server refuses access{f.because}", _git_access),
    "git-host": FailureKind(
        "{f.label}: the key of the git server is not known{f.because}",
        "Say which servers you trust: --secret id=known_hosts,src=$HOME/.ssh/known_hosts "
        "(`ssh-keyscan HOST` writes such lines; compare them with what the server's owner "
        "publishes).",
    ),
    "git-lfs": FailureKind(
        "{f.label} has large files in git, and the builder image has no git-lfs",
        'Add it, with git: build-apt = ["git", "git-lfs"]. In an image of your own that '
        "`builder` names, `git lfs install --system` has to be run, too.",
    ),
    "git-ssh": FailureKind(
        "{f.label} comes from git by SSH, and the builder image has no SSH client",
        "Set `builder` to an image that has git, ssh and the same Python.",
    ),
    "hash": FailureKind(
        "{f.label} does not have the hash that the lock names: expected {f.expected}, "
        "got {f.computed}",
        "The file was replaced on the index, or changed on its way. If it was meant to, run "
        "`uv lock --upgrade-package {f.name}`; else find out who did.",
    ),
    "missing": FailureKind(
        "{f.label}: the index has no such file any more{f.because}",
        "Run `uv lock` to take another file.",
    ),
    "network": FailureKind(
        "{f.label}: the index cannot be reached{f.because}",
        "Check the network and the proxy of the build (--network, build arguments "
        "http_proxy and https_proxy).",
    ),
    "other": FailureKind("{f.label} cannot be installed:\n{f.output}"),
    "requirement": FailureKind(
        "{f.label} is built with {f.report.detail}, which the dependency group for hermetic builds "
        "does not have, or not with all that it needs:\n{f.output}",
        "Run: uv add --group {f.group} '{f.requirement}'",
    ),
    "system": FailureKind(
        "packages of {f.key} cannot be installed: {f.manager_says}",
        _system_remedy,
        _system_places,
    ),
    "test command": FailureKind(
        "the tests of {f.inputs.package.name!r} cannot be started: {f.report.detail}",
        "`test` is a program with its arguments, and no shell runs it; the program must "
        "be in the image: add its package to the dependency group `dev`.",
        _test_places,
    ),
    "tests": FailureKind(
        "the tests of {f.inputs.package.name!r} failed (exit code {f.report.detail}):\n"
        "{f.report.output}",
        places=_test_places,
    ),
    "wheel": FailureKind(
        "{f.label} cannot be installed on Python {f.inputs.workspace.lock.requires_python}: "
        "{f.report.output}",
        "Choose another `python` or `base`, or another version of the package.",
    ),
}


def _missing_files(failure: Failure) -> FrontendError:
    """What `files` names does not exist, or is kept out of the build."""
    path, inputs = failure.report.detail, failure.inputs
    line = inputs.context.ignoring(path.strip("/"))
    if line and inputs.context.ignore:
        return FrontendError(
            f"{inputs.context.ignore.filename} keeps {path!r} out of the build",
            remedy=f"`files` names it: remove the pattern, or add a line `!{path}` below it.",
            places=(Location.line(inputs.context.ignore, line),),
        )
    return FrontendError(
        f"files: the build context has nothing at {path!r}",
        remedy="Check the path, which is seen from the context's root.",
        places=inputs.settings.origin("files"),
    )
