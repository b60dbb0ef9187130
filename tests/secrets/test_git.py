"""Dependencies from private git repositories: by SSH with the client's agent, or with a token."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.errors.index import REACH
from tests.errors.shown import fail
from tests.errors.workspaces import DOCKERFILE, SOURCES, Workspace, workspace
from tests.requirement import unmet
from tests.secrets.git_server import IMAGE, TOKEN, GitServer
from tests.secrets.search import Search

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engines
    from tests.engine import Build, Engine

_LOCK = """\
version = 1
revision = 3
requires-python = ">=3.11"

[manifest]
members = ["api"]

[[package]]
name = "api"
version = "1.0"
source = {{ virtual = "services/api" }}
dependencies = [{{ name = "greeting" }}]

[package.metadata]
requires-dist = [{{ name = "greeting", git = "{url}" }}]

[[package]]
name = "greeting"
version = "1.0"
source = {{ git = "{url}#{commit}" }}
"""


def shop(folder: Path, url: str, commit: str) -> Workspace:
    """A workspace with a dependency from git, as uv locks it."""
    found = workspace(folder)
    found.write("Dockerfile", f'{DOCKERFILE}package = "api"\nbuilder = "{IMAGE}"\n')
    found.service("api", 'dependencies = ["greeting"]\n')
    sources = f'\n[tool.uv.sources]\ngreeting = {{ git = "{url}" }}\n'
    manifest = folder / "services/api/pyproject.toml"
    manifest.write_text(manifest.read_text() + sources)
    return found.write("uv.lock", _LOCK.format(url=url, commit=commit))


@pytest.fixture(params=["docker28", "docker20"])
def either(request: pytest.FixtureRequest, engines: Engines) -> Engine:
    """The newest engine and the oldest: what is optional is mounted in ways of their own."""
    return engines.get(request.param)


@pytest.fixture
def by_ssh(tmp_path: Path, repository: GitServer) -> Workspace:
    return shop(tmp_path / "ssh", repository.ssh, repository.commit)


@pytest.fixture
def by_https(tmp_path: Path, repository: GitServer) -> Workspace:
    return shop(tmp_path / "https", repository.https, repository.commit)


def build(engine: Engine, folder: Path, image: str, *options: str) -> Build:
    done = engine.build(folder, REACH, "--no-cache", *options, tag=image, ca=False)
    assert engine.run(image, "python", "-c", "import greeting").stdout == "good morning\n"
    return done


def test_ssh(either: Engine, by_ssh: Workspace, repository: GitServer, tmp_path: Path) -> None:
    key = [line for line in repository.key.read_text().splitlines() if "-----" not in line]
    search = Search(either, tmp_path, tuple(key[:2]))
    options = (
        f"--ssh=default={repository.key}",
        f"--secret=id=known_hosts,src={repository.known_hosts}",
    )
    image = "uv-frontend-test/git-ssh"
    done = build(either, by_ssh.folder, image, *options)
    assert search.everywhere(done, image) == []


def test_token(either: Engine, by_https: Workspace, repository: GitServer, tmp_path: Path) -> None:
    """A token for the server's host alone."""
    port = repository.https.rpartition(":")[2].partition("/")[0]
    give_token(either, by_https, repository, tmp_path, f"GIT_AUTH_TOKEN.127.0.0.1:{port}")


def test_token_for_every_host(
    docker28: Engine, by_https: Workspace, repository: GitServer, tmp_path: Path
) -> None:
    give_token(docker28, by_https, repository, tmp_path, "GIT_AUTH_TOKEN")


def give_token(
    engine: Engine, shop: Workspace, repository: GitServer, folder: Path, name: str
) -> None:
    search = Search(engine, folder, (TOKEN,))
    token = folder / "token"
    token.write_text(f"{TOKEN}\n")
    options = [f"--secret=id={name},src={token}", f"--secret=id=ca,src={repository.certificate}"]
    image = "uv-frontend-test/git-token"
    done = build(engine, shop.folder, image, *options)
    assert search.everywhere(done, image) == []


def test_token_that_buildkit_uses(docker28: Engine, repository: GitServer, tmp_path: Path) -> None:
    """Without git in the builder BuildKit itself fetches."""
    made = shop(tmp_path / "http", repository.http, repository.commit)
    made.replace("Dockerfile", f'builder = "{IMAGE}"\n', "")
    search = Search(docker28, tmp_path, (TOKEN,))
    token = tmp_path / "token"
    token.write_text(TOKEN)
    exported = tmp_path / "image.tar"
    image = "uv-frontend-test/git-buildkit"
    options = [f"--secret=id=GIT_AUTH_TOKEN,src={token}"]
    done = build(docker28, made.folder, image, *options)
    assert any(v.name.startswith("[internal] fetch http") for v in done.executed)
    assert search.everywhere(done, image) == []
    attested = ["--provenance=mode=max", "--sbom=true", f"--output=type=oci,dest={exported}"]
    docker28.build(made.folder, REACH, *options, *attested)
    assert search.archive(exported) == []


def test_netrc_is_for_git_too(
    docker28: Engine, by_https: Workspace, repository: GitServer, tmp_path: Path
) -> None:
    search = Search(docker28, tmp_path, (TOKEN,))
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login x-access-token password {TOKEN}\n")
    image = "uv-frontend-test/git-netrc"
    options = [f"--secret=id=netrc,src={netrc}", f"--secret=id=ca,src={repository.certificate}"]
    done = build(docker28, by_https.folder, image, *options)
    assert search.everywhere(done, image) == []


def test_without_agent(either: Engine, by_ssh: Workspace, repository: GitServer) -> None:
    known = f"--secret=id=known_hosts,src={repository.known_hosts}"
    shown = fail(either, by_ssh.folder, REACH, "--no-cache", known, ca=False)
    assert shown.title.startswith("greeting 1.0: the git server refuses access")
    assert "--ssh default" in shown.remedy
    assert shown.excerpts[0].file == "uv.lock"


def test_server_that_nobody_vouches_for(
    docker28: Engine, by_ssh: Workspace, repository: GitServer
) -> None:
    shown = fail(
        docker28, by_ssh.folder, REACH, "--no-cache", f"--ssh=default={repository.key}", ca=False
    )
    assert shown.title.startswith("greeting 1.0: the key of the git server is not known")
    assert "--secret id=known_hosts" in shown.remedy


def test_without_token(docker28: Engine, by_https: Workspace, repository: GitServer) -> None:
    certificate = f"--secret=id=ca,src={repository.certificate}"
    shown = fail(docker28, by_https.folder, REACH, "--no-cache", certificate, ca=False)
    assert shown.title.startswith("greeting 1.0: the git server refuses access")
    assert "--secret id=GIT_AUTH_TOKEN" in shown.remedy


def test_build_context_by_ssh(docker28: Engine, repository: GitServer, tmp_path: Path) -> None:
    """A package of the workspace from a private repository, which the engine itself fetches."""
    if shutil.which("ssh") is None:
        unmet("the program ssh is missing, which an engine on this machine runs")
    found = workspace(tmp_path).library("greeting").service("api", 'dependencies = ["greeting"]\n')
    found.write("pyproject.toml", SOURCES.replace("core", "greeting")).lock()
    image = "uv-frontend-test/git-context"
    docker28.build(
        tmp_path,
        f"--ssh=default={repository.key}",
        f"--build-context=greeting={repository.ssh}#main",
        tag=image,
        build_args={"package": "api"},
    )
    assert docker28.run(image, "python", "-c", "import greeting").stdout == "good morning\n"
    context = f"--build-context=greeting={repository.ssh}"
    shown = fail(docker28, tmp_path, "--no-cache", context, package="api")
    # The first where the client forwards no agent at all, the second where it lacks this one.
    texts = ("no SSH key", "unset ssh forward key")
    assert any(text in shown.message for text in texts)
