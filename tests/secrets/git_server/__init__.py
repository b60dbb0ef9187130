"""A git server in a container: one repository, by SSH with a key, by HTTPS and HTTP with a token.

Its image has git and an SSH client as well, and so is the builder of what comes from it.
"""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

from tests.errors.index import Certificate
from tests.errors.workspaces import BACKEND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine import Engine

IMAGE = "uv-frontend-test/git"
TOKEN = "t0ken-0f-the-git-server"
_DOCKERFILE = """\
FROM python:3.13-slim
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \\
    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \\
    --no-install-recommends git openssh-client openssh-server > /dev/null && \\
    rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*
COPY serve.py /serve.py
COPY greeting /srv/greeting
WORKDIR /srv/greeting
RUN export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z && \\
    git init --quiet --initial-branch=main && git add . && \\
    git -c user.name=nobody -c user.email=nobody@mail.example commit --quiet --message=first && \\
    git config --system safe.directory '*'
"""
_MANIFEST = """\
[project]
name = "greeting"
version = "1.0"

[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


@dataclass(frozen=True)
class GitServer:
    """A running server. In `folder` are `client` (the private key), and `certificate.pem`."""

    folder: Path
    commit: str
    ssh: str
    https: str
    http: str

    @property
    def key(self) -> Path:
        """The private key that the server lets in."""
        return self.folder / "client"

    @property
    def certificate(self) -> Path:
        """The server's certificate, which nobody trusts."""
        return self.folder / "certificate.pem"

    @property
    def known_hosts(self) -> Path:
        """A file that vouches for the server's key."""
        port = self.ssh.rpartition(":")[2].partition("/")[0]
        path = self.folder / "known_hosts"
        path.write_text(f"[127.0.0.1]:{port} {(self.folder / 'server.pub').read_text()}")
        return path


def provide(engine: Engine, folder: Path) -> None:
    """Build the image, and publish it for all engines of the run."""
    context = folder / "image"
    (context / "greeting").mkdir(parents=True)
    (context / "Dockerfile").write_text(_DOCKERFILE)
    (context / "serve.py").write_text(Path(__file__).with_name("serve.py").read_text())
    (context / "greeting/pyproject.toml").write_text(_MANIFEST)
    # The backend takes the folder's name, and a checkout has one of uv's choice.
    backend = BACKEND.replace("Path.cwd().name", '"greeting"')
    (context / "greeting/backend.py").write_text(dedent(backend))
    (context / "greeting/__init__.py").write_text("print('good morning')\n")
    engine.build(context, "--provenance=false", tag=IMAGE)
    engine.publish(IMAGE)


@contextmanager
def serve(engine: Engine, folder: Path) -> Iterator[GitServer]:
    """Run the server on the machine's loopback address until the block ends."""
    provide(engine, folder)
    shared = folder / "shared"
    shared.mkdir()
    Certificate.create(shared)
    commit = engine.run(IMAGE, "git", "rev-parse", "HEAD").stdout.strip()
    ports = [str(_free_port()) for _ in range(3)]
    ssh, https, http = ports
    options = ["--detach", "--network=host", "--volume", f"{shared}:/shared"]
    # In a file: the engine writes down the arguments of containers.
    (shared / "token").write_text(TOKEN)
    command = ["python3", "-u", "/serve.py", "/shared", *ports]
    container = engine.docker("run", *options, IMAGE, *command).stdout.strip()
    try:
        deadline = time.monotonic() + 60
        while "ready" not in engine.docker("logs", container).stdout:
            assert time.monotonic() < deadline, engine.docker("logs", container).stderr
            time.sleep(0.1)
        yield GitServer(
            shared,
            commit,
            f"ssh://root@127.0.0.1:{ssh}/srv/greeting",
            f"https://127.0.0.1:{https}/greeting",
            f"http://127.0.0.1:{http}/greeting",
        )
    finally:
        engine.docker("rm", "--force", container, check=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
