"""Keys from every place they may stand in, what wins, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from frontend.config.keys import SpecSource
from frontend.config.schema import KEYS, Spec
from frontend.config.settings import (
    PLAIN,
    Settings,
    from_arguments,
    from_build_file,
    from_manifest,
    merge_sources,
    misplaced,
)
from frontend.errors import FrontendError, SourceFile
from frontend.toml_document import TomlDocument


def body(text: str, filename: str = "Dockerfile") -> SpecSource:
    return from_build_file(TomlDocument.parse(SourceFile(filename, text)))


def manifest(text: str, filename: str = "pyproject.toml") -> SpecSource:
    return from_manifest(TomlDocument.parse(SourceFile(filename, text)))


def values(settings: Settings) -> dict[str, Any]:
    return {key.replace("-", "_"): value for key, value in settings.values.items()}


def refused(*sources: SpecSource) -> FrontendError:
    with pytest.raises(FrontendError) as raised:
        merge_sources(*sources)
    return raised.value


# --- where a key may stand -----------------------------------------------------------------------

PLACES = [
    from_arguments({"base": "argument", "env.A": "argument"}),
    body('# syntax=org/uv-frontend\nbase = "body"\n[env]\nA = "body"\nB = "body"\n'),
    manifest(
        '[tool.uv-frontend]\nbase = "member"\nuser = "member"\n'
        'env = { A = "member", B = "member", C = "member" }\n',
        "services/api/pyproject.toml",
    ),
    manifest(
        '[tool.uv-frontend]\nbase = "root"\nuser = "root"\nworkdir = "/root"\n'
        'env = { A = "root", B = "root", C = "root", D = "root" }\nlabels = { L = "root" }\n'
    ),
]


@pytest.mark.parametrize(
    ("first", "expected"),
    [(0, "argument"), (1, "body"), (2, "member"), (3, "root")],
)
def test_the_first_place_that_has_a_key_wins(first: int, expected: str) -> None:
    settings = merge_sources(*PLACES[first:])
    assert settings.spec.base == expected
    assert settings.spec.cmd is None


def test_tables_are_joined_name_by_name_and_all_else_taken_whole() -> None:
    assert values(merge_sources(*PLACES)) == {
        "base": "argument",
        "user": "member",
        "workdir": "/root",
        "env": {"A": "argument", "B": "body", "C": "member", "D": "root"},
        "labels": {"L": "root"},
    }
    lists = merge_sources(
        body('extras = ["a"]'), manifest('[tool.uv-frontend]\nextras = ["b", "c"]')
    )
    assert lists.spec.extras == ("a",)


def test_every_key_knows_the_line_it_was_set_in() -> None:
    settings = merge_sources(*PLACES)
    found = {key: (place.source.filename, place.start) for key, place in settings.places.items()}
    assert found == {
        "base": ("build argument", 1),
        "user": ("services/api/pyproject.toml", 3),
        "workdir": ("pyproject.toml", 4),
        "env": ("Dockerfile", 3),
        "labels": ("pyproject.toml", 6),
    }
    assert settings.place("base") == ()
    assert [place.start for place in settings.place("workdir")] == [4]


def test_an_empty_list_is_a_value() -> None:
    settings = merge_sources(
        body("extras = []\nentrypoint = []"), manifest('[tool.uv-frontend]\nextras = ["b"]')
    )
    assert settings.spec.extras == ()
    assert settings.spec.entrypoint == ()


def test_nothing_at_all() -> None:
    assert (
        values(merge_sources(from_arguments({}), body(""), manifest("[project]\nname = 'x'\n")))
        == {}
    )


def test_a_manifest_can_be_the_build_file() -> None:
    text = '[project]\nname = "x"\n\n[tool.uv-frontend]\npackage = "api"\n'
    assert values(merge_sources(body(text, "pyproject.toml"))) == {"package": ("api",)}


@pytest.mark.parametrize("text", ["[tool]\nuv-frontend = 3", "[[tool.uv-frontend]]\nbase = 'x'"])
def test_a_table_that_is_none(text: str) -> None:
    with pytest.raises(FrontendError, match=r"tool\.uv-frontend in pyproject\.toml is not a table"):
        manifest(text)


# --- build arguments -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"package": "My_Api"}, {"package": ("my-api",)}),
        ({"package": "My_Api, worker,my-api"}, {"package": ("my-api", "worker")}),
        ({"package": '["api", "worker"]'}, {"package": ("api", "worker")}),
        ({"default-groups": "true"}, {"default_groups": True}),
        ({"python": "3.13"}, {"python": "3.13"}),
        ({"extras": "redis, Post_gres ,"}, {"extras": ("redis", "post-gres")}),
        ({"extras": ""}, {"extras": ()}),
        ({"groups": '["gpu", "dev"]'}, {"groups": ("gpu", "dev")}),
        ({"ports": "8080,9000-9002,53/udp"}, {"ports": ("8080", "9000-9002", "53/udp")}),
        ({"ports": "[8080]"}, {"ports": ("8080",)}),
        ({"heavy": "torch,nvidia-*"}, {"heavy": (("torch",), ("nvidia-*",))}),
        ({"heavy": '[["torch", "nvidia-*"]]'}, {"heavy": (("torch", "nvidia-*"),)}),
        ({"files": "conf,alembic.ini"}, {"files": {"conf": "", "alembic.ini": ""}}),
        ({"cmd": "serve --name 'a b'"}, {"cmd": ("serve", "--name", "a b")}),
        ({"cmd": '["serve", "--name", "a b"]'}, {"cmd": ("serve", "--name", "a b")}),
        ({"entrypoint": ""}, {"entrypoint": ()}),
        ({"env.PATH": "a=b,c"}, {"env": {"PATH": "a=b,c"}}),
        (
            {"env.A.B": "1", "labels.org.example.x": "y"},
            {"env": {"A.B": "1"}, "labels": {"org.example.x": "y"}},
        ),
        ({"env.EMPTY": ""}, {"env": {"EMPTY": ""}}),
        ({"user": "1000"}, {"user": "1000"}),
    ],
)
def test_forms_of_build_arguments(arguments: dict[str, str], expected: dict[str, Any]) -> None:
    assert values(merge_sources(from_arguments(arguments))) == expected


@pytest.mark.parametrize(
    ("argument", "said", "remedy"),
    [
        ("packge", "unknown build argument 'packge'", "Did you mean 'package'?"),
        ("PACKAGE", "unknown build argument 'PACKAGE'", "Did you mean 'package'?"),
        ("work-dir", "unknown build argument 'work-dir'", "Did you mean 'workdir'?"),
        ("package.x", "unknown build argument 'package.x'", "Did you mean 'package'?"),
        ("HTTP_PORTAL", "unknown build argument 'HTTP_PORTAL'", f"There are: {', '.join(KEYS)}."),
        ("env", "build argument 'env' needs a name: --build-arg env.NAME=value", ""),
        ("labels.", "build argument 'labels.' needs a name: --build-arg labels.NAME=value", ""),
    ],
)
def test_unknown_build_arguments(argument: str, said: str, remedy: str) -> None:
    with pytest.raises(FrontendError) as raised:
        from_arguments({argument: "x"})
    assert (raised.value.message, raised.value.remedy) == (said, remedy)
    assert raised.value.places == ()


@pytest.mark.parametrize("text", ["[", '["a"', "[a]", "[]\nbase = 'x"])
def test_a_build_argument_that_is_no_list(text: str) -> None:
    with pytest.raises(FrontendError, match="build argument 'extras' is not a list"):
        from_arguments({"extras": text})


def test_a_wrong_value_in_a_build_argument() -> None:
    error = refused(from_arguments({"workdir": "srv"}))
    assert error.message.startswith("build argument workdir is not valid: ")
    assert error.remedy == "workdir: working directory, an absolute path."
    assert [place.source.text for place in error.places] == ["workdir=srv"]


# --- wrong keys and values -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("pakage", "package"), ("extra", "extras"), ("entry-point", "entrypoint"), ("port", "ports")],
)
def test_unknown_keys_name_the_nearest(key: str, nearest: str) -> None:
    error = refused(body(f'base = "x"\n\n{key} = "x"\n'))
    assert error.message == f"unknown key {key!r} in Dockerfile"
    assert error.remedy == f"Did you mean {nearest!r}?"
    assert [place.start for place in error.places] == [3]


def test_an_unknown_key_in_a_manifest() -> None:
    error = refused(body(""), manifest("[project]\nname = 'x'\n[tool.uv-frontend]\nimage = 'x'\n"))
    assert error.message == "unknown key 'image' in pyproject.toml"
    assert [(p.source.filename, p.start) for p in error.places] == [("pyproject.toml", 4)]


TEXT = "this must be text: write it in quotes"


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("python = 3.10", f"key python is not valid: {TEXT}", 1),
        ('\npython = "2.7"', "key python is not valid: '2.7' does not have the form", 2),
        ('python = "3"', "key python is not valid: '3' does not have the form", 1),
        ('extras = "redis"', "key extras is not valid: input should be a list", 1),
        ('extras = [\n"a",\n3]', "key extras[1] is not valid: input should be a valid string", 1),
        ('package = "a b"', "key package is not valid: 'a b' is not a name", 1),
        ('package = ""', "key package is not valid: '' is not a name", 1),
        ("package = 3", "key package is not valid: a package is named by text", 1),
        ('package = ["a", 3]', "key package is not valid: a package is named by text", 1),
        ("package = []", "key package is not valid: name a package", 1),
        ("env = 3", "key env is not valid: input should be a table", 1),
        ('[env]\nA = "1"\nB = 1.10', f"key env.B is not valid: {TEXT}", 3),
        ("[env]\nDEBUG = true", f"key env.DEBUG is not valid: {TEXT}", 2),
        ('[env]\n"A=B" = "c"', "key env['A=B'] is not valid: 'A=B' does not have the form", 2),
        ("ports = [80, 99999]", "key ports[1] is not valid: ports go from 1 to 65535", 1),
        ('ports = ["8001-8000"]', "key ports[0] is not valid: ports go from 1 to 65535", 1),
        ('ports = ["80/http"]', "key ports[0] is not valid: '80/http' does not have the form", 1),
        ('files = ["a", "../b"]', "key files['../b'] is not valid: '../b' leads out of", 1),
        ('[files]\n"a/../.." = "/x"', "key files['a/../..'] is not valid: 'a/../..' leads out", 2),
        ("files = [{ a = 'b' }]", "key files is not valid: input should be a table", 1),
        ('workspace = "../other"', "key workspace is not valid: '../other' leads out of", 1),
        ('entrypoint = "sh -c \'x"', "key entrypoint is not valid: no closing quotation", 1),
        ('heavy = "torch"', "key heavy is not valid: input should be a list", 1),
        ('heavy = [["a", 3]]', "key heavy[0][1] is not valid: input should be a valid string", 1),
        ('[files]\n"a" = "/../run/x"', "key files.a is not valid: '/../run/x' must not have", 2),
        ('[files]\n"a" = "b/../../c"', "key files.a is not valid: 'b/../../c' must not have", 2),
        ('workdir = "/../../etc"', "key workdir is not valid: '/../../etc' must not have", 1),
        ('workdir = "/a\\u0000b"', "key workdir is not valid: a path has no NUL in it", 1),
        ('venv = "/usr/../tmp"', "key venv is not valid: '/usr/../tmp' must not have", 1),
        ('workdir = "srv"', "key workdir is not valid: 'srv' does not have the form", 1),
        ('base = ""', "key base is not valid: string should have at least 1 character", 1),
    ],
)
def test_wrong_values(text: str, said: str, line: int) -> None:
    error = refused(body(text))
    assert error.message.startswith(said)
    key = said.split()[1].partition("[")[0].partition(".")[0]
    assert error.remedy.startswith(f"{key}: ")
    assert [place.start for place in error.places] == [line]


def test_numbers_become_text_where_nothing_is_lost() -> None:
    settings = merge_sources(
        body('user = 1000\nports = [8080]\nenv = { N = 3 }\nlabels = { "n.o" = 4 }')
    )
    assert values(settings) == {
        "user": "1000",
        "ports": ("8080",),
        "env": {"N": "3"},
        "labels": {"n.o": "4"},
    }


def test_files_as_a_table_name_their_places() -> None:
    settings = merge_sources(body('[files]\n"conf/*.yaml" = "/etc/app/"\nseed = ""\n'))
    assert settings.spec.files == {"conf/*.yaml": "/etc/app/", "seed": ""}


# --- properties ----------------------------------------------------------------------------------

TABLES = st.dictionaries(st.sampled_from("ABC"), st.sampled_from("xyz"), max_size=3)


@given(st.lists(TABLES, max_size=4))
def test_a_joined_table_has_every_name_from_its_strongest_place(
    tables: list[dict[str, str]],
) -> None:
    settings = merge_sources(*(SpecSource({"env": table}) for table in tables))
    expected: dict[str, str] = {}
    for table in reversed(tables):
        expected.update(table)
    assert (settings.spec.env or {}) == expected


@given(st.dictionaries(st.sampled_from(KEYS), st.text(max_size=6)))
def test_any_text_is_taken_or_refused_with_a_reason(arguments: dict[str, str]) -> None:
    said = ""
    try:
        merge_sources(from_arguments(arguments))
    except FrontendError as error:
        said = error.message
    assert not said or any(key in said for key in arguments)


# --- keys below a header -------------------------------------------------------------------------


def test_a_key_in_the_table_of_another_one_is_found() -> None:
    source = body('[env]\nLOG = "info"\npackage = "api"\n')
    (place,) = misplaced(source, "package")
    assert place.start == 3
    assert misplaced(source, "base") == ()
    assert misplaced(body('package = "api"\n[env]\nA = "b"\n'), "package") == ()
    assert misplaced(from_arguments({"env.package": "api"}), "package") == ()


def test_a_wrong_value_in_a_table_may_be_a_key_that_stands_too_low() -> None:
    error = refused(body('[env]\nLOG = "info"\nports = [8000]\n'))
    assert error.message.startswith("key env.ports is not valid")
    assert "If the key `ports` is meant: keys stand above the first header" in error.remedy
    assert "is meant" not in refused(body("[env]\nOTHER = [8000]\n")).remedy


# --- plain values --------------------------------------------------------------------------------

SIMPLE = st.one_of(
    st.sampled_from(["api", "Api", "a-b", "a--b", "-a", "a_b", "ä", "a.b", "", " ", "3.13"]),
    st.text(max_size=5),
    st.integers(-1, 70_000),
    st.floats(),
    st.booleans(),
)
RAW = st.one_of(
    SIMPLE,
    st.lists(SIMPLE, max_size=3),
    st.dictionaries(st.sampled_from(["A", "a_b", "a-b", "a.b", "=", ""]), SIMPLE, max_size=3),
)


@given(st.sampled_from(sorted(PLAIN)), RAW)
def test_what_is_read_without_the_model_is_what_the_model_reads(key: str, value: object) -> None:
    read = PLAIN[key](value)
    event(f"plain: {read is not None}")
    if read is not None:
        assert getattr(Spec.model_validate({key: value}), key) == read


def test_a_usual_build_needs_no_model() -> None:
    """Loading it takes a third of the time of a build in which nothing changed."""
    code = """
import sys
import frontend.build, frontend.targets.image
from frontend.errors import SourceFile
from frontend.config.settings import *
file = SourceFile("Dockerfile", 'base = "python:3.12"\\nports = [8000]\\n[env]\\nA = "b"\\n')
body = from_build_file(parse_build_file(file))
assert merge_sources(from_arguments({"package": "api"}), body).spec.ports == ("8000",)
assert "pydantic" not in sys.modules
merge_sources(from_arguments({"package": "Api", "workdir": "/srv"}), body)
assert "pydantic" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
