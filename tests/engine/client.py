"""The Docker command line, pointed at one engine and shielded from the user's own settings."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine.progress import Progress, Vertex, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Build:
    """How a build went."""

    code: int
    stdout: str
    stderr: str
    progress: Progress = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the build succeeded."""
        return self.code == 0

    @property
    def vertexes(self) -> tuple[Vertex, ...]:
        """All steps, in the order of their first mention."""
        return self.progress.vertexes

    @property
    def executed(self) -> tuple[Vertex, ...]:
        """The steps whose work was done in this build."""
        return self.progress.executed

    @property
    def error(self) -> str:
        """What the user is shown at the end: the error with its excerpt of a file."""
        return self.progress.text

    def report(self) -> str:
        """Everything a person needs to understand a failed build."""
        logs = [
            f"--- {vertex.name}\n{vertex.log}{vertex.error}"
            for vertex in self.vertexes
            if vertex.log or vertex.error
        ]
        return "\n".join([f"exit code {self.code}", *logs, self.error, self.stdout]).strip()


class BuildError(AssertionError):
    """A build that had to succeed did not."""


def ca_bundle() -> Path | None:
    """The machine's bundle of trusted certificates: builds behind a private CA need it."""
    named = os.environ.get("SSL_CERT_FILE")
    return next((path for path in (Path(named or _BUNDLE), _BUNDLE) if path.is_file()), None)


def ca_secret() -> list[str]:
    """Arguments that give the build the secret `ca`, if this machine has a bundle."""
    bundle = ca_bundle()
    return [] if bundle is None else ["--secret", f"id=ca,src={bundle}"]


@dataclass(frozen=True)
class Client:
    """`docker` for one engine. `settings` are environment variables that make it so."""

    program: str
    settings: Mapping[str, str]

    @property
    def env(self) -> dict[str, str]:
        """The environment of each call: nothing of the user's own Docker settings is left."""
        foreign = ("DOCKER_", "BUILDX_", "BUILDKIT_", "COMPOSE_", "SOURCE_DATE_EPOCH")
        mine = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        return {**mine, **self.settings}

    def docker(
        self,
        *arguments: str | Path,
        check: bool = True,
        timeout: float | None = 900,
        env: Mapping[str, str] | None = None,
        stdin: str | Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker ARGUMENTS`; with `check`, a failure raises with its output.

        `stdin` is text, or a file to read from.
        """
        with ExitStack() as stack:
            file = stack.enter_context(stdin.open("rb")) if isinstance(stdin, Path) else None
            done = subprocess.run(
                [self.program, *map(str, arguments)],
                check=False,
                env={**self.env, **(env or {})},
                input=stdin if isinstance(stdin, str) else None,
                stdin=None if isinstance(stdin, str) else file or subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
            )
        if check and done.returncode:
            command = " ".join(map(str, arguments))
            message = f"`docker {command}` failed ({done.returncode}):\n{done.stdout}{done.stderr}"
            raise AssertionError(message)
        return done

    def build(
        self,
        context: Path | str,
        *options: str | Path,
        tag: str | None = None,
        dockerfile: Path | None = None,
        build_args: Mapping[str, str] | None = None,
        ca: bool = True,
        check: bool = True,
        timeout: float | None = 1800,
        env: Mapping[str, str] | None = None,
        stdin: str | Path | None = None,
    ) -> Build:
        """Run `docker buildx build`; `ca` passes the machine's certificates as the secret `ca`.

        `stdin` is a context or a build file, which `-` then stands for. With `check`, a failed
        build raises BuildError with everything it said.
        """
        command = [
            *self.build_command(tag=tag, dockerfile=dockerfile, build_args=build_args, ca=ca)
        ]
        arguments = [*command, "--progress=rawjson", *map(str, options), str(context)]
        done = self.docker(*arguments, check=False, timeout=timeout, env=env, stdin=stdin)
        parsed = parse(done.stderr)
        build = Build(done.returncode, done.stdout, done.stderr, parsed)
        if check and not build.ok:
            raise BuildError(build.report())
        return build

    @staticmethod
    def build_command(
        *,
        tag: str | None = None,
        dockerfile: Path | None = None,
        build_args: Mapping[str, str] | None = None,
        ca: bool = True,
    ) -> Sequence[str]:
        """The arguments of a build up to its own options and the context."""
        command = ["buildx", "build"]
        if tag:
            command += ["--tag", tag]
        if dockerfile:
            command += ["--file", str(dockerfile)]
        for name, value in (build_args or {}).items():
            command += ["--build-arg", f"{name}={value}"]
        return command + (ca_secret() if ca else [])

    def run(
        self,
        image: str,
        *command: str,
        options: Sequence[str] = (),
        check: bool = True,
        timeout: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        """Run a container to its end and remove it."""
        return self.docker("run", "--rm", *options, image, *command, check=check, timeout=timeout)

    @contextmanager
    def serve(
        self, image: str, port: int, *command: str, options: Sequence[str] = ()
    ) -> Iterator[Server]:
        """Run a container in the background, its port published on the loopback address."""
        publish = ["run", "--detach", "--publish", f"127.0.0.1::{port}"]
        container = self.docker(*publish, *options, image, *command).stdout.strip()
        try:
            published = self.docker("port", container, f"{port}/tcp").stdout.split()[0]
            yield Server(self, container, f"http://{published}")
        finally:
            self.docker("rm", "--force", "--volumes", container, check=False)


@dataclass(frozen=True)
class Server:
    """A container that runs in the background."""

    client: Client
    container: str
    url: str

    @property
    def logs(self) -> str:
        """What the container has printed."""
        done = self.client.docker("logs", self.container, check=False)
        return done.stdout + done.stderr
