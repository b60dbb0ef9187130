"""Texts that are made to keep a reader busy: expressions take time by the length of a text alone.

Each of these once took time by the square or the cube of it, which is hours at these lengths.
"""

from __future__ import annotations

import pytest

from frontend.errors import SourceFile
from frontend.findings import CheckPolicy
from frontend.project.lock import NO_HASH, Lock
from frontend.redaction import hidden, password_lines, without_credentials
from frontend.request import Request
from frontend.toml_document import TomlDocument
from llb import Platform
from tests.unit.frontend.hangs import no_hang
from tests.unit.frontend.locks import HEAD

LENGTH = 300_000


def document(text: str) -> TomlDocument:
    return TomlDocument.parse(SourceFile("uv.lock", text))


@pytest.mark.parametrize(
    "line",
    [
        "[" + " " * LENGTH,
        "[[" + " " * LENGTH,
        "[[package" + " " * LENGTH,
        "[[package]]" + " " * LENGTH + "x",
    ],
)
def test_lines_that_begin_like_a_header(line: str) -> None:
    text = f'x = """\n{line}\n"""\n\n[[package]]\nname = "a"\n'
    with no_hang():
        assert document(text).array_item("package", name="a").start == 6


def test_a_key_with_many_blanks() -> None:
    text = "[[package]]\nname" + " " * LENGTH + '= "b"\n[[package]]\nname = "a"\n'
    with no_hang():
        assert document(text).array_item("package", name="a").start == 4


@pytest.mark.parametrize("part", ['{ url = ""', '{ url = "" ', '{ path = "x", '])
def test_many_files_on_one_line_that_do_not_end(part: str) -> None:
    line = "'''" + part * (LENGTH // len(part)) + "'''"
    text = f'{HEAD}x = {line}\n[[package]]\nname = "a"\nsource = {{ registry = "r" }}\n'
    text += 'sdist = { url = "https://r/a.tar.gz" }\n'
    with no_hang():
        exported = Lock.parse(SourceFile("uv.lock", text)).for_export
    assert f'sdist = {{ url = "https://r/a.tar.gz", hash = "{NO_HASH}" }}' in exported


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ('{ url = "u" }', f'{{ url = "u", hash = "{NO_HASH}" }}'),
        ('{ path = "p", size = 1 }', f'{{ path = "p", hash = "{NO_HASH}", size = 1 }}'),
        ('{ url = "u", hash = "sha256:0" }', '{ url = "u", hash = "sha256:0" }'),
        ('{ filename = "f", size = 1, hash = "x" }', '{ filename = "f", size = 1, hash = "x" }'),
        # Another file that belongs to it has a hash of its own.
        (
            '{ url = "u", zstd = { hash = "x" } }',
            f'{{ url = "u", hash = "{NO_HASH}", zstd = {{ hash = "x" }} }}',
        ),
    ],
)
def test_files_without_a_hash_get_one(file: str, expected: str) -> None:
    text = f'{HEAD}\n[[package]]\nname = "a"\nsource = {{ url = "u" }}\n'
    text += 'wheels = [\n    { url = "other" },\n    ' + file + ",\n]\n"
    exported = Lock.parse(SourceFile("uv.lock", text)).for_export
    assert exported.split("\n")[-3] == f"    {expected},"
    assert 'source = { url = "u" }' in exported


def policy(build_file: str) -> CheckPolicy:
    return CheckPolicy.of(Request({}, "", Platform("linux", "amd64")), build_file)


@pytest.mark.parametrize(
    "line",
    [
        "# check=skip=all" + " " * LENGTH + "x",
        "# check=" + " " * LENGTH + "x",
        "#" + " " * LENGTH + "check" + " " * LENGTH + "= x",
    ],
)
def test_a_directive_with_many_blanks(line: str) -> None:
    with no_hang():
        assert not policy(line).error


@pytest.mark.parametrize(
    ("build_file", "skip"),
    [
        ("#check=skip=A", {"a"}),
        ("# Check\t=\tskip=A,b \t", {"a", "b"}),
        ("# syntax=x\n# check=skip=A", {"a"}),
        ("# check=\n# check=skip=A", set()),
        ("# check= \n# check=skip=A", set()),
        ("# syntax= \n# check=skip=A", {"a"}),
        ("x = 1\n# check=skip=A", set()),
        ("# a comment\n# check=skip=A", set()),
    ],
)
def test_directives(build_file: str, skip: set[str]) -> None:
    assert policy(build_file).skip == skip


@pytest.mark.parametrize(
    "text",
    [
        "http://" * (LENGTH // 7),
        "https://" + "a:" * LENGTH,
        "a" * LENGTH,
        'token = "' * (LENGTH // 9),
    ],
)
def test_texts_that_are_looked_through_for_passwords(text: str) -> None:
    with no_hang():
        assert password_lines(text) == ()
        assert len(hidden(text)) <= len(text)
        assert without_credentials(text) == text
