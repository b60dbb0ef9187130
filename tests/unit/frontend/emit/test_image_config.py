"""The typed configuration: what a base has comes out of it as it went in, whatever it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.emit.image_config import ImageConfig, Runtime, configure
from frontend.model.base import base_image
from frontend.model.layers import Plan, VenvLayer
from llb import Platform
from tests.unit.frontend.targets import target

AMD64 = Platform("linux", "amd64")
ARM = Platform("linux", "arm", "v6")
EPOCH = 1_700_000_000
WHEN = "2023-11-14T22:13:20Z"
#: What an image on any base has, without anything of the base's or the user's.
ENV = [
    "PATH=/app/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "VIRTUAL_ENV=/app/.venv",
    "PYTHONUNBUFFERED=1",
]
LABELS: dict[str, Any] = {"org.opencontainers.image.base.name": "python:3.13"}
OURS = {"created": WHEN, "created_by": "virtual environment", "comment": "uv-frontend"}
RUN: dict[str, Any] = {"Env": ENV, "Labels": LABELS, "WorkingDir": "/app"}
TOP: dict[str, Any] = {"architecture": "amd64", "os": "linux", "created": WHEN, "history": [OURS]}

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


def on(
    base: dict[str, Any], runtime: Runtime | None = None, platform: Platform = AMD64
) -> ImageConfig:
    """Configure an image of one layer on a base with that configuration."""
    image = base_image("python:3.13", "", "", json.dumps(base).encode())
    plan = Plan(target(), (VenvLayer(),))
    return configure(image, platform, plan, runtime or Runtime(), EPOCH)


def document(config: ImageConfig) -> dict[str, Any]:
    """Read the bytes."""
    read: dict[str, Any] = json.loads(config.to_json())
    return read


# --- bases ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "run"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"config": None}, {}, id="config null"),
        pytest.param({"config": {}}, {}, id="config empty"),
        pytest.param({"config": {"Env": None}}, {}, id="Env null"),
        pytest.param({"config": {"Env": []}}, {}, id="Env empty"),
        pytest.param({"config": {"Labels": None}}, {}, id="Labels null"),
        pytest.param({"config": {"Labels": {}}}, {}, id="Labels empty"),
        pytest.param(
            {"config": {"Labels": {"vendor": None}}},
            {"Labels": {**LABELS, "vendor": None}},
            id="a label null",
        ),
        pytest.param({"config": {"Cmd": None, "Entrypoint": None}}, {}, id="commands null"),
        pytest.param({"config": {"User": None}}, {"User": None}, id="User null"),
        pytest.param({"config": {"User": ""}}, {"User": ""}, id="User empty"),
        pytest.param({"config": {"User": 1000}}, {"User": 1000}, id="User a number"),
        pytest.param({"config": {"ExposedPorts": None}}, {"ExposedPorts": None}, id="ports null"),
        pytest.param({"config": {"ExposedPorts": {}}}, {"ExposedPorts": {}}, id="ports empty"),
        pytest.param(
            {"config": {"ExposedPorts": ["22/tcp"]}}, {"ExposedPorts": ["22/tcp"]}, id="a list"
        ),
        pytest.param(
            {"config": {"Volumes": None, "StopSignal": "SIGINT", "Odd": [{"z": 1, "a": None}]}},
            {"Volumes": None, "StopSignal": "SIGINT", "Odd": [{"z": 1, "a": None}]},
            id="other keys",
        ),
        pytest.param(
            {
                "config": {
                    "ArgsEscaped": True,
                    "Cmd": ["python3"],
                    "Entrypoint": ["/entry"],
                    "Healthcheck": {"Test": ["CMD", "true"]},
                    "OnBuild": ["RUN x"],
                    "Shell": ["/bin/bash", "-c"],
                    "WorkingDir": "/base",
                }
            },
            {},
            id="what does not hold for an image on it",
        ),
    ],
)
def test_the_part_for_containers(base: dict[str, Any], run: dict[str, Any]) -> None:
    assert document(on(base)) == {**TOP, "config": {**RUN, **run}}


@pytest.mark.parametrize(
    ("base", "top"),
    [
        pytest.param({"architecture": "s390x", "os": "aix", "variant": "v9"}, {}, id="platform"),
        pytest.param(
            {"created": None, "history": None, "rootfs": None}, {"rootfs": None}, id="null"
        ),
        pytest.param(
            {"os.version": "1", "os.features": ["x"], "author": None, "docker_version": 27},
            {"os.version": "1", "os.features": ["x"], "author": None, "docker_version": 27},
            id="other keys",
        ),
        pytest.param(
            {"container_config": {"Env": None, "Labels": None}},
            {"container_config": {"Env": None, "Labels": None}},
            id="another configuration",
        ),
        pytest.param(
            {
                "history": [{"created_by": "one", "odd": None}, {"empty_layer": True}],
                "rootfs": {"type": "layers", "diff_ids": ["sha256:1"], "odd": 1},
            },
            {
                "history": [{"created_by": "one", "odd": None}, {"empty_layer": True}, OURS],
                "rootfs": {"type": "layers", "diff_ids": ["sha256:1"], "odd": 1},
            },
            id="history",
        ),
    ],
)
def test_the_rest(base: dict[str, Any], top: dict[str, Any]) -> None:
    config = on(base)
    assert document(config) == {**TOP, "config": RUN, **top}
    assert not config.unknown.keys() & {*TOP, "config", "variant"}


@given(
    st.dictionaries(st.text(max_size=6), VALUES, max_size=4),
    st.dictionaries(st.text(max_size=6), VALUES, max_size=4),
)
def test_keys_that_nobody_knows_come_out_unchanged(
    top: dict[str, Any], run: dict[str, Any]
) -> None:
    """With a mark before them, they are no key of the specification."""
    top = {f"x-{key}": value for key, value in top.items()}
    run = {f"x-{key}": value for key, value in run.items()}
    config = on({**top, "config": run})
    assert (config.unknown, config.inherited) == (top, run)
    assert document(config) == {**TOP, **top, "config": {**RUN, **run}}


# --- ours over the base's ------------------------------------------------------------------------


@pytest.mark.parametrize("user", [None, "", 0, "base", ["odd"]])
def test_our_user_replaces_the_bases(user: object) -> None:
    config = on({"config": {"User": user}}, Runtime(user="1000"))
    assert (config.user, config.inherited) == ("1000", {})
    assert document(config)["config"]["User"] == "1000"


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        (None, {"80/tcp": {}}),
        ({}, {"80/tcp": {}}),
        ({"22/tcp": None, "80/tcp": {"odd": 1}}, {"22/tcp": None, "80/tcp": {}}),
    ],
)
def test_our_ports_join_the_bases(ports: object, expected: dict[str, Any]) -> None:
    config = on({"config": {"ExposedPorts": ports}}, Runtime(ports=("80/tcp",)))
    assert config.inherited == {}
    assert document(config)["config"]["ExposedPorts"] == expected


def test_the_variant_is_that_of_the_platform() -> None:
    assert document(on({"variant": "v7"}, platform=ARM))["variant"] == "v6"


def test_the_base_is_left_as_it_is() -> None:
    image = base_image("x", "", "", b'{"config": {"User": "a", "ExposedPorts": {"1/tcp": {}}}}')
    runtime = Runtime(user="b", ports=("2/tcp",), env={"A": "1"}, labels={"team": "shop"})
    configure(image, AMD64, Plan(target(), ()), runtime, EPOCH)
    assert image.config == {"config": {"User": "a", "ExposedPorts": {"1/tcp": {}}}}


# --- reading it ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "inherited", "expected"),
    [
        ("", {}, "0"),
        ("", {"User": None}, "0"),
        ("", {"User": ""}, "0"),
        ("", {"User": "base:staff"}, "base:staff"),
        ("", {"User": 1000}, "1000"),
        ("1000", {"User": "base"}, "1000"),
    ],
)
def test_the_user_of_containers(ours: str, inherited: dict[str, Any], expected: str) -> None:
    assert ImageConfig(AMD64, user=ours, inherited=inherited).effective_user == expected


def test_variables_are_read_by_name() -> None:
    config = on({"config": {"Env": ["EQUAL=a=b", "EMPTY=", "NONE"]}}, Runtime(env={"A": "="}))
    assert list(config.env.items()) == [
        ("EQUAL", "a=b"),
        ("EMPTY", ""),
        ("NONE", ""),
        *(tuple(item.split("=", 1)) for item in ENV),
        ("A", "="),
    ]
    assert document(config)["config"]["Env"] == ["EQUAL=a=b", "EMPTY=", "NONE=", *ENV, "A=="]


# --- bytes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        (AMD64, b'{"architecture": "amd64", "config": {}, "os": "linux"}'),
        (ARM, b'{"architecture": "arm", "config": {}, "os": "linux", "variant": "v6"}'),
    ],
)
def test_files_alone_have_no_configuration(platform: Platform, expected: bytes) -> None:
    assert ImageConfig(platform).to_json() == expected


def test_every_field_has_its_key() -> None:
    config = ImageConfig(
        ARM,
        WHEN,
        {"B": "é", "A": "1"},
        "/srv",
        ("run",),
        ("--all",),
        "1000",
        {"80/tcp": {}},
        {"b": "2", "a": "1"},
        ({"created_by": "one"},),
        {"StopSignal": "SIGINT"},
        {"rootfs": {"type": "layers", "diff_ids": []}},
    )
    assert config.to_json() == (
        b'{"architecture": "arm", "config": {"Cmd": ["--all"], "Entrypoint": ["run"], '
        b'"Env": ["B=\\u00e9", "A=1"], "ExposedPorts": {"80/tcp": {}}, '
        b'"Labels": {"a": "1", "b": "2"}, "StopSignal": "SIGINT", "User": "1000", '
        b'"WorkingDir": "/srv"}, "created": "2023-11-14T22:13:20Z", '
        b'"history": [{"created_by": "one"}], "os": "linux", '
        b'"rootfs": {"diff_ids": [], "type": "layers"}, "variant": "v6"}'
    )


def test_an_empty_history_is_written() -> None:
    """Images without a layer of ours have one, and files have none."""
    assert document(ImageConfig(AMD64, history=()))["history"] == []
    assert "history" not in document(ImageConfig(AMD64))


@given(st.permutations(["A", "B", "C", "D"]))
def test_the_order_of_labels_does_not_matter_and_that_of_variables_does(names: list[str]) -> None:
    config = ImageConfig(AMD64, env=dict.fromkeys("ABCD", ""), labels=dict.fromkeys("ABCD", ""))
    mixed = dict.fromkeys(names, "")
    assert replace(config, labels=mixed).to_json() == config.to_json()
    same = replace(config, env=mixed).to_json() == config.to_json()
    assert same == (names == ["A", "B", "C", "D"])


@given(
    st.fixed_dictionaries({}, optional={"User": VALUES, "ExposedPorts": VALUES, "Odd": VALUES}),
    st.sampled_from(["", "1000"]),
)
def test_the_document_is_what_the_bytes_say(run: dict[str, Any], user: str) -> None:
    config = on({"config": run}, Runtime(("a",), ("b",), user=user))
    assert config.document == document(config)
