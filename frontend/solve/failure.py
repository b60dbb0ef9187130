"""A failed step, told in the user's terms.

The exit code of a container says nothing, and its output goes to the progress display only. So a
step leaves a report in a cache mount before it fails (`steps/places.py`), and a small second step
brings it here.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import llb
from frontend.container.paths import ROOT
from frontend.container.scripts import steps
from frontend.errors import FrontendError, Location
from frontend.gateway import GatewayError
from frontend.model.base_changes import SystemPackages
from frontend.model.layers import Kind
from frontend.resolve.hermetic import group_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontend.emit.step import Step
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.resolve.platform import ResolvedPlatform


#: What uv says around the output of a build, and says nothing about it.
_FRAME = ("error: Failed to build", "cause: The build backend", "hint: Build failures usually")
_MOST_LINES = 25


def explain(
    gateway: Gateway, resolved: ResolvedPlatform, ran: Sequence[Step], error: GatewayError
) -> Exception:
    """Return what to raise for `error`: with the step's own report if one was left."""
    inputs = resolved.inputs
    by_report = {step.report: step for step in ran if step.report}
    # The message has the command line of the step, and so the name of its report. There may be
    # reports of other steps, which other builds have left.
    failed = [name for name in by_report if name in error.message]
    found = read_report(gateway, resolved, failed)
    if found:
        return _explained(by_report[found["name"]], found["report"], inputs)
    if unfetched := re.search(r"failed to fetch remote (\S+):(?:\s|$)", error.message):
        return _unfetched(unfetched.group(1), inputs, error)
    return _unexplained(by_report[failed[0]] if failed else None, error)


def read_report(
    gateway: Gateway, resolved: ResolvedPlatform, names: list[str]
) -> dict[str, Any] | None:
    """Ask for the first report that there is under one of `names`.

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
        text = gateway.solve(output).read_file("/report.json")
        return json.loads(text) if text else None
    except (GatewayError, ValueError):
        return None


def _unexplained(step: Step | None, error: GatewayError) -> Exception:
    """A step that could not say why it failed, told by how it ended; else `error` itself."""
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
    host = urlsplit(address).netloc.rpartition("@")[2]
    return FrontendError(
        f"{name} cannot be fetched from git: {fatal.group(1) if fatal else error.message}",
        remedy=f"A private repository needs a token: --secret id=GIT_AUTH_TOKEN.{host},env=… (or "
        "id=GIT_AUTH_TOKEN for every host). Behind a private CA or where the engine has no git, "
        "set `builder` to an image that has git and the same Python.",
        places=(lock.place(name),),
    )


def failure_message(output: str) -> str:
    """The end of what uv passed on, indented, without its own framing; all of it is in the log."""
    lines = [line for line in output.splitlines() if not line.strip().startswith(_FRAME)]
    lines = [re.sub(r"^( {7}(?=  )|  cause: )", "  ", line) for line in lines]
    text = re.sub(r"\n\s*\n", "\n", "\n".join(lines)).strip("\n")
    kept = text.splitlines()
    if len(kept) > _MOST_LINES:
        kept = ["  …", *kept[-_MOST_LINES:]]
    return "\n".join(kept)


def _explained(step: Step, found: dict[str, Any], inputs: BuildInputs) -> FrontendError:
    kind, name, detail = found.get("kind", ""), found.get("package", ""), found.get("detail", "")
    workspace, lock, member = inputs.workspace, inputs.workspace.lock, step.layer.member
    locked = next((p for p in step.layer.packages if p.name == name), None)
    label = f"{locked.name} {locked.version}" if locked else name or step.layer.title
    places: tuple[Location, ...] = (lock.place(name, locked.version if locked else ""),)
    if member:
        manifest = workspace.manifest(member)
        places = (manifest.place("build-system"),)
        label = f"package {member.name!r}"
    output = found.get("output", "")
    if kind == "system":
        return _no_packages(step, detail, output, inputs)
    if kind == "hash":
        expected, _, computed = detail.partition(" ")
        return FrontendError(
            f"{label} does not have the hash that the lock names: expected {expected}, "
            f"got {computed}",
            remedy="The file was replaced on the index, or changed on its way. If it was meant "
            "to, run `uv lock --upgrade-package " + (name or "NAME") + "`; else find out who did.",
            places=places,
        )
    if kind == "certificate":
        return FrontendError(
            f"{label} cannot be downloaded: the index's certificate is not trusted ({detail})",
            remedy="Behind a private CA, pass its bundle: --secret id=ca,src=ca.pem",
            places=places,
        )
    if kind in ("network", "missing", "auth"):
        told = {
            "network": "the index cannot be reached",
            "missing": "the index has no such file any more",
            "auth": "the index refuses access",
        }[kind]
        remedy = {
            "network": "Check the network and the proxy of the build (--network, build arguments "
            "http_proxy and https_proxy).",
            "missing": "Run `uv lock` to take another file.",
            "auth": "Give the build the index's credentials as secrets: a netrc file, --secret "
            "id=netrc,src=$HOME/.netrc, or for an index named corp in tool.uv.index "
            "--secret id=UV_INDEX_CORP_USERNAME,env=… and id=UV_INDEX_CORP_PASSWORD,env=…",
        }[kind]
        return FrontendError(
            f"{label}: {told}: {detail}" if detail else f"{label}: {told}",
            remedy=remedy,
            places=places,
        )
    if kind == "requirement":
        return FrontendError(
            f"{label} is built with {detail}, which the dependency group for hermetic builds does "
            f"not have, or not with all that it needs:\n{failure_message(output)}",
            remedy=f"Run: uv add --group {group_name(inputs)} '{detail.partition(',')[0]}'",
            places=places,
        )
    if kind == "git":
        return FrontendError(
            f"{label} comes from git, and the builder image has no git",
            remedy='Add it: build-apt = ["git"]. Or set `builder` to an image that has git and the '
            "same Python.",
            places=places,
        )
    if kind == "git-lfs":
        return FrontendError(
            f"{label} has large files in git, and the builder image has no git-lfs",
            remedy='Add it, with git: build-apt = ["git", "git-lfs"]. In an image of your own that '
            "`builder` names, `git lfs install --system` has to be run, too.",
            places=places,
        )
    if kind == "git-ssh":
        return FrontendError(
            f"{label} comes from git by SSH, and the builder image has no SSH client",
            remedy="Set `builder` to an image that has git, ssh and the same Python.",
            places=places,
        )
    if kind == "git-host":
        return FrontendError(
            f"{label}: the key of the git server is not known: {detail}",
            remedy="Say which servers you trust: "
            "--secret id=known_hosts,src=$HOME/.ssh/known_hosts (`ssh-keyscan HOST` writes such "
            "lines; compare them with what the server's owner publishes).",
            places=places,
        )
    if kind == "git-access":
        host = urlsplit(detail).netloc.rpartition("@")[2]
        return FrontendError(
            f"{label}: the git server refuses access: {detail}",
            remedy="Pass your SSH agent, with a key that may read the repository: --ssh default"
            if detail.startswith("ssh:")
            else "Give the build a token that may read the repository: "
            f"--secret id=GIT_AUTH_TOKEN.{host},env=… (or id=GIT_AUTH_TOKEN for every host).",
            places=places,
        )
    if kind in ("tests", "test command"):
        return _red(step, found, inputs)
    if kind == "wheel":
        return FrontendError(
            f"{label} cannot be installed on Python {workspace.lock.requires_python}: {output}",
            remedy="Choose another `python` or `base`, or another version of the package.",
            places=places,
        )
    if kind == "files" and step.layer.kind is Kind.FILES:
        return _no_files(detail, inputs)
    if kind == "build":
        return FrontendError(
            f"{label} cannot be built:\n{failure_message(output)}",
            remedy="Try `uv build` in its directory; what it needs beyond its own directory must "
            "be part of the build."
            if member
            else "It has no wheel for this target, and building "
            "it failed: choose a `builder` with the compilers it needs, or another version.",
            places=places,
        )
    return FrontendError(f"{label} cannot be installed:\n{failure_message(output)}", places=places)


def _no_packages(step: Step, detail: str, output: str, inputs: BuildInputs) -> FrontendError:
    """The distribution's package manager failed; it says so itself."""
    change = step.layer.change
    key = change.key if isinstance(change, SystemPackages) else "apt"
    decides = "`apt-snapshot` decides which day's; "
    if key.endswith("apk"):
        # apk's reason stands below its `ERROR: unable to select packages:`, further in.
        lines = output.splitlines()
        first = next((n for n, line in enumerate(lines) if line.startswith("ERROR: ")), None)
        if first is not None:
            detail = " ".join(line.strip() for line in lines[first : first + 3])
        decides = ""
    return FrontendError(
        f"packages of {key} cannot be installed: {detail or 'see what is printed above'}",
        remedy=f"Names and versions are those of the image's distribution; {decides}"
        "the network of the build decides whether its archive can be reached.",
        places=inputs.settings.origin(key),
    )


def _red(step: Step, found: dict[str, Any], inputs: BuildInputs) -> FrontendError:
    """Red tests of the target `test`, with the end of what they printed."""
    places = inputs.settings.origin("test")
    name = inputs.package.name
    if found["kind"] == "test command":
        return FrontendError(
            f"the tests of {name!r} cannot be started: {found['detail']}",
            remedy="`test` is a program with its arguments, and no shell runs it; the program must "
            "be in the image: add its package to the dependency group `dev`.",
            places=places,
        )
    return FrontendError(
        f"the tests of {name!r} failed (exit code {found['detail']}):\n{found['output']}",
        places=places,
    )


def _no_files(path: str, inputs: BuildInputs) -> FrontendError:
    """What `files` names is not there, or is kept out of the build."""
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
