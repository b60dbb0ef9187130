"""The image's configuration: what comes from the base, what is added, what is left out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from frontend.emit.image_config import (
    Runtime,
    command,
    configure,
    created,
    metadata_labels,
    parse_ports,
)
from frontend.model.base import BaseImage, base_image
from frontend.model.layers import MembersLayer, Plan, VenvLayer
from frontend.model.packages import LocalPackage
from llb import Platform
from tests.unit.frontend.targets import target

AMD64 = Platform("linux", "amd64")
API = LocalPackage("api", "apps/api", "editable")
PLAN = Plan(target(), (VenvLayer(), MembersLayer((API,))))
DIGEST = "sha256:" + "d" * 64
BASE: dict[str, Any] = {
    "architecture": "arm",
    "variant": "v7",
    "os": "linux",
    "os.version": "1",
    "created": "2026-01-02T03:04:05Z",
    "unknown": {"kept": True},
    "config": {
        "Cmd": ["python3"],
        "Entrypoint": ["/entry"],
        "Env": ["PATH=/usr/local/bin:/usr/bin", "LANG=C.UTF-8", "EMPTY=", "EQUAL=a=b"],
        "ExposedPorts": {"22/tcp": {}},
        "Healthcheck": {"Test": ["CMD", "true"]},
        "Labels": {"org.opencontainers.image.title": "base", "vendor": "x"},
        "OnBuild": ["RUN x"],
        "StopSignal": "SIGINT",
        "User": "base",
        "Volumes": {"/data": {}},
        "WorkingDir": "/base",
    },
    "history": [{"created_by": "one"}, {"created_by": "env", "empty_layer": True}],
    "rootfs": {"type": "layers", "diff_ids": ["sha256:1"]},
}


def base(**changes: Any) -> BaseImage:
    return base_image(
        "python:3.13-slim", f"pinned@{DIGEST}", DIGEST, json.dumps(BASE | changes).encode()
    )


def configured(
    runtime: Runtime | None = None,
    image: BaseImage | None = None,
    platform: Platform = AMD64,
    epoch: int | None = None,
) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        configure(image or base(), platform, PLAN, runtime or Runtime(), epoch).to_json()
    )
    return found


# --- the base ------------------------------------------------------------------------------------


def test_what_is_known_of_a_base() -> None:
    found = base()
    assert found.env["EQUAL"] == "a=b"
    assert found.path == "/usr/local/bin:/usr/bin"
    assert found.layers == 1


def test_a_base_that_says_nothing() -> None:
    for raw in (b"", b"{}", b'{"config": null, "rootfs": null}'):
        found = base_image("scratch-like", "x", "", raw)
        assert found.env == {}
        assert found.path == "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        assert found.layers == 0
        run = configured(image=found)["config"]
        assert run["Labels"] == {"org.opencontainers.image.base.name": "scratch-like"}


def test_what_a_base_says_of_itself_is_not_taken_over() -> None:
    labels = {
        "org.opencontainers.image.version": "1",
        "uv-frontend.plan": "sha256:1",
        "uv-frontend.layer.01": "{}",
        "vendor": "x",
    }
    found = configured(image=base(config={"Labels": labels}))["config"]["Labels"]
    assert {name for name in found if not name.startswith("org.opencontainers.image.base.")} == {
        "vendor"
    }
    assert "org.opencontainers.image.version" not in found


def test_a_whole_configuration() -> None:
    runtime = Runtime(
        entrypoint=("/app/.venv/bin/api",),
        cmd=("--port", "8080"),
        env={"LANG": "de_DE.UTF-8", "MODE": "x"},
        workdir="/srv",
        user="1000",
        ports=("8080/tcp",),
        labels={"org.opencontainers.image.title": "api"},
    )
    assert configured(runtime) == {
        "architecture": "amd64",
        "os": "linux",
        "os.version": "1",
        "created": "2026-01-02T03:04:05Z",
        "unknown": {"kept": True},
        "config": {
            "Cmd": ["--port", "8080"],
            "Entrypoint": ["/app/.venv/bin/api"],
            "Env": [
                "PATH=/app/.venv/bin:/usr/local/bin:/usr/bin",
                "LANG=de_DE.UTF-8",
                "EMPTY=",
                "EQUAL=a=b",
                "VIRTUAL_ENV=/app/.venv",
                "PYTHONUNBUFFERED=1",
                "MODE=x",
            ],
            "ExposedPorts": {"22/tcp": {}, "8080/tcp": {}},
            "Labels": {
                "org.opencontainers.image.base.digest": DIGEST,
                "org.opencontainers.image.base.name": "python:3.13-slim",
                "org.opencontainers.image.title": "api",
                "vendor": "x",
            },
            "StopSignal": "SIGINT",
            "User": "1000",
            "Volumes": {"/data": {}},
            "WorkingDir": "/srv",
        },
        "history": [
            {"created_by": "one"},
            {"created_by": "env", "empty_layer": True},
            {
                "created": "2026-01-02T03:04:05Z",
                "created_by": "virtual environment",
                "comment": "uv-frontend",
            },
            {
                "created": "2026-01-02T03:04:05Z",
                "created_by": "member: api",
                "comment": "uv-frontend",
            },
        ],
        "rootfs": {"type": "layers", "diff_ids": ["sha256:1"]},
    }


def test_defaults_leave_the_user_of_the_base_but_not_its_command() -> None:
    run = configured()["config"]
    assert run["User"] == "base"
    assert run["WorkingDir"] == "/app"
    assert not run.keys() & {"Cmd", "Entrypoint", "Healthcheck", "OnBuild"}


def test_what_the_user_says_of_the_path_stands() -> None:
    run = configured(Runtime(env={"PATH": "/bin", "VIRTUAL_ENV": ""}))["config"]
    assert "PATH=/bin" in run["Env"]
    assert "VIRTUAL_ENV=" in run["Env"]


def test_the_variant_is_that_of_the_platform() -> None:
    assert "variant" not in configured()
    assert configured(platform=Platform("linux", "arm", "v6"))["variant"] == "v6"


def test_layers_of_a_base_without_history() -> None:
    image = base(rootfs={"diff_ids": ["sha256:1", "sha256:2", "sha256:3"]})
    history = configured(image=image)["history"]
    assert [item["created_by"] for item in history] == [
        "layer of the base image",
        "layer of the base image",
        "one",
        "env",
        "virtual environment",
        "member: api",
    ]


@pytest.mark.parametrize(
    ("epoch", "expected"),
    [
        (None, "2026-01-02T03:04:05Z"),
        (0, "1970-01-01T00:00:00Z"),
        (1_700_000_000, "2023-11-14T22:13:20Z"),
        (253402300799, "9999-12-31T23:59:59Z"),
    ],
)
def test_the_time_never_moves_by_itself(epoch: int | None, expected: str) -> None:
    assert created(base(), epoch) == expected
    found = configured(epoch=epoch)
    assert found["created"] == expected
    assert found["history"][-1]["created"] == expected
    assert created(base(created=None), None) == "1980-01-01T00:00:00Z"


def test_the_same_bytes_each_time() -> None:
    one, other = (configure(base(), AMD64, PLAN, Runtime(), None) for _ in range(2))
    assert one.to_json() == other.to_json()


# --- the command ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scripts", "entrypoint", "cmd", "expected"),
    [
        (["serve"], None, None, (("/app/.venv/bin/serve",), ())),
        (["other", "my-api"], None, None, (("/app/.venv/bin/my-api",), ())),
        (["other", "My_Api"], None, None, (("/app/.venv/bin/My_Api",), ())),
        (["one", "two"], None, None, ((), ("python",))),
        ([], None, None, ((), ("python",))),
        (["serve"], ("run",), None, (("run",), ())),
        (["serve"], None, ("sh", "-c", "x"), ((), ("sh", "-c", "x"))),
        (["serve"], ("run",), ("--all",), (("run",), ("--all",))),
        (["serve"], (), None, ((), ())),
    ],
)
def test_entry_point_and_command(
    scripts: list[str],
    entrypoint: tuple[str, ...] | None,
    cmd: tuple[str, ...] | None,
    expected: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    assert command(scripts, "my-api", entrypoint, cmd) == expected


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ([], ()),
        (["8080"], ("8080/tcp",)),
        (["53/udp", "8000-8002"], ("53/udp", "8000/tcp", "8001/tcp", "8002/tcp")),
        (["9000-9001/sctp"], ("9000/sctp", "9001/sctp")),
    ],
)
def test_ports(ports: list[str], expected: tuple[str, ...]) -> None:
    assert parse_ports(ports) == expected


# --- labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        ({}, {}),
        (
            {
                "description": "Serves",
                "license": "MIT OR Apache-2.0",
                "authors": [{"name": "A", "email": "a@x.example"}, {"email": "b@x.example"}, {}],
                "urls": {
                    "Home Page": "https://ignored.example",
                    "Homepage": "https://home.example",
                    "Source Code": "https://code.example",
                    "Docs": "https://docs.example",
                },
            },
            {
                "description": "Serves",
                "licenses": "MIT OR Apache-2.0",
                "authors": "A, b@x.example",
                "url": "https://home.example",
                "source": "https://code.example",
                "documentation": "https://docs.example",
            },
        ),
        ({"license": {"text": " MIT "}}, {"licenses": "MIT"}),
        ({"license": {"text": "MIT License\n\nCopyright"}}, {}),
        ({"license": {"file": "LICENSE"}}, {}),
        ({"urls": {"repository": "https://r.example"}}, {"source": "https://r.example"}),
    ],
)
def test_labels_from_metadata(project: dict[str, Any], expected: dict[str, str]) -> None:
    found = metadata_labels(project, "api", "1.2")
    prefix = "org.opencontainers.image."
    assert found == {
        prefix + key: value for key, value in {"title": "api", "version": "1.2", **expected}.items()
    }


def test_no_label_for_a_version_that_is_unknown() -> None:
    assert list(metadata_labels({}, "api", "")) == ["org.opencontainers.image.title"]
