"""Which source the main context is, from the options that clients send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import llb
from frontend.context.source import FixedSource, LocalSource
from frontend.errors import FrontendError
from frontend.gateway.types import Pong
from frontend.inputs.main_context import Opened, open_main
from frontend.inputs.named_contexts import find, open_image
from frontend.request import Request, parse
from llb.capabilities import Capability
from llb.pb import ops_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.gateway import Gateway

REPOSITORY = "https://git.example/shop.git"
AMD64 = llb.Platform("linux", "amd64")


class Engine:
    """As much of a gateway as is asked before anything is fetched."""

    def __init__(self, inputs: Mapping[str, ops_pb2.Definition], lacks: tuple[str, ...]) -> None:
        self._inputs, self._lacks = inputs, lacks

    def inputs(self) -> Mapping[str, ops_pb2.Definition]:
        return self._inputs

    def ping(self) -> Pong:
        known = {"source.git.subdir", "file.copy.includeexcludepatterns"} - set(self._lacks)
        return Pong(
            llb.Capabilities(dict.fromkeys(known, Capability(""))), llb.Capabilities({}), ()
        )


def request(**options: str) -> Request:
    pairs = {name.replace("__", ":").replace("_", "-"): value for name, value in options.items()}
    names = {f"BUILDKIT_FRONTEND_OPT_{n}": f"{k}={v}" for n, (k, v) in enumerate(pairs.items())}
    return parse({**names, "BUILDKIT_SESSION_ID": "own"})


def opened(
    inputs: Mapping[str, llb.Output] | None = None,
    lacks: tuple[str, ...] = (),
    **options: str,
) -> Opened:
    definitions = {name: llb.marshal(output) for name, output in (inputs or {}).items()}
    gateway: Gateway = Engine(definitions, lacks)  # type: ignore[assignment]
    return open_main(gateway, request(**options))


def fixed(source: object) -> FixedSource:
    assert isinstance(source, FixedSource)
    return source


def identifier(output: llb.Output) -> str:
    return ops_pb2.Op.FromString(output.vertex.data).source.identifier


def test_a_directory_of_the_client() -> None:
    found = opened(local_sessionid__context="shared")
    assert found.context.source == LocalSource("context", "shared")
    assert found.build_file == LocalSource("dockerfile", "own")
    assert found.filename == "Dockerfile"


def test_git_with_its_own_build_file() -> None:
    found = opened(context=f"{REPOSITORY}#v1:backend", filename="api.toml")
    assert identifier(fixed(found.context.source).filesystem) == (
        "git://git.example/shop.git#v1:backend"
    )
    assert found.build_file is found.context.source
    assert found.filename == "api.toml"


def test_git_without_folders() -> None:
    found = opened(lacks=("source.git.subdir",), context=f"{REPOSITORY}#v1:backend")
    source = fixed(found.context.source)
    assert source.origin is not None
    assert identifier(source.origin) == "git://git.example/shop.git#v1"
    (action,) = ops_pb2.Op.FromString(source.filesystem.vertex.data).file.actions
    assert (action.copy.src, action.copy.dest) == ("/backend", "/")


def test_another_option_names_the_context() -> None:
    found = opened(contextkey="remote", remote=REPOSITORY, context="https://git.example/other.git")
    assert identifier(fixed(found.context.source).filesystem) == "git://git.example/shop.git"


def test_a_build_file_of_the_client_for_a_remote_context() -> None:
    found = opened(context=REPOSITORY, dockerfilekey="mine", filename="Dockerfile")
    assert found.build_file == LocalSource("mine", "own")
    assert found.context.source.remote


def test_a_folder_of_a_remote_context() -> None:
    found = opened(context=REPOSITORY, contextsubdir="/backend/")
    (action,) = ops_pb2.Op.FromString(
        fixed(found.context.source).filesystem.vertex.data
    ).file.actions
    assert action.copy.src == "/backend"
    assert found.build_file is found.context.source


def test_inputs() -> None:
    """As buildx sends them for a bake file in a repository."""
    one, two = llb.git("https://git.example/one.git"), llb.git("https://git.example/two.git")
    found = opened({"context": one, "dockerfile": two, "unused": one})
    assert fixed(found.context.source).filesystem.digest == one.digest
    assert fixed(found.build_file).filesystem.digest == two.digest
    found = opened({"context": one, "dockerfile": two}, dockerfilekey="dockerfile")
    assert found.build_file == LocalSource("dockerfile", "own")


@pytest.mark.parametrize(
    ("argument", "expected"), [("", False), ("1", True), ("true", True), ("0", False), ("x", False)]
)
def test_the_repository_itself_is_kept_on_demand(argument: str, expected: bool) -> None:
    arguments = {
        "BUILDKIT_FRONTEND_OPT_0": f"context={REPOSITORY}",
        "BUILDKIT_FRONTEND_OPT_1": f"build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR={argument}",
    }
    gateway: Gateway = Engine({}, ())  # type: ignore[assignment]
    assert open_main(gateway, parse(arguments)).context.keeps_git is expected
    assert opened(context=f"{REPOSITORY}?keep-git-dir=1").context.keeps_git


def test_what_is_neither_a_directory_nor_an_address() -> None:
    with pytest.raises(FrontendError, match="neither a directory nor an address"):
        opened(context="somewhere")


# --- names of images -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "asked", "found"),
    [
        ("python:3.13-slim", "python:3.13-slim", True),
        ("python:3.13-slim", "docker.io/library/python:3.13-slim", True),
        ("python", "python:latest", True),
        ("python", "python", True),
        ("mirror.example/python:3", "mirror.example/python:3", True),
        ("python:3.13-slim::linux/amd64", "python:3.13-slim", True),
        ("python:3.13-slim::linux/arm64", "python:3.13-slim", False),
        ("python:3.13", "python:3.13-slim", False),
        ("python", "Not A Name", False),
    ],
)
def test_names_are_looked_up_as_docker_shows_them(known: str, asked: str, found: bool) -> None:
    environment = {"BUILDKIT_FRONTEND_OPT_0": f"context:{known}=docker-image://x"}
    assert (find(parse(environment), asked, AMD64) is not None) is found


def test_the_platforms_own_context_comes_first() -> None:
    environment = {
        "BUILDKIT_FRONTEND_OPT_0": "context:python=docker-image://any",
        "BUILDKIT_FRONTEND_OPT_1": "context:python::linux/amd64=docker-image://mine",
    }
    found = find(parse(environment), "python", AMD64)
    assert found is not None
    assert found.place == "mine"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("local:python", "is no image: local:python"),
        ("https://git.example/python.git", "is no image"),
        ("docker-image://scratch", "is empty"),
        ("input:python", "is an input that the client does not send"),
    ],
)
def test_what_is_no_image(where: str, said: str) -> None:
    made = parse({"BUILDKIT_FRONTEND_OPT_0": f"context:python={where}"})
    found = find(made, "python", AMD64)
    assert found is not None
    gateway: Gateway = Engine({}, ())  # type: ignore[assignment]
    with pytest.raises(FrontendError, match=said):
        open_image(gateway, made, found, AMD64)


def test_the_same_input_has_one_identity_in_every_session() -> None:
    def image(session: str, folder: str) -> str:
        local = llb.local("base", session=session)
        output = llb.files(local, llb.Mkdir(folder, timestamp=0))
        made = parse({"BUILDKIT_FRONTEND_OPT_0": "context:python=input:python"})
        found = find(made, "python", AMD64)
        assert found is not None
        gateway: Gateway = Engine({"python": llb.marshal(output)}, ())  # type: ignore[assignment]
        return open_image(gateway, made, found, AMD64).identity

    assert image("one", "/a") == image("two", "/a")
    assert image("one", "/a") != image("one", "/b")
