"""The records of a build's progress are put together per step."""

from __future__ import annotations

import base64
import json

from tests.engine.progress import Notice, Vertex, parse


def record(**fields: object) -> str:
    return json.dumps(fields)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


A = "sha256:aa"
B = "sha256:bb"


def test_later_records_complete_earlier_ones() -> None:
    output = "\n".join(
        [
            record(vertexes=[{"digest": A, "name": "one"}, {"digest": B, "name": "two"}]),
            record(vertexes=[{"digest": B, "name": "two", "inputs": [A], "started": "T1"}]),
            record(vertexes=[{"digest": A, "name": "one", "started": "T0", "cached": True}]),
            record(statuses=[{"id": "x", "vertex": B}]),
            record(vertexes=[{"digest": B, "name": "two", "completed": "T2", "error": "broke"}]),
            record(vertexes=[{"digest": A, "completed": "T3"}]),
        ]
    )
    assert parse(output).vertexes == (
        Vertex(A, "one", cached=True, started="T0", completed="T3"),
        Vertex(B, "two", inputs=(A,), started="T1", completed="T2", error="broke"),
    )


def test_executed_means_started_and_not_cached() -> None:
    assert Vertex(A, "done", started="T").executed
    assert not Vertex(A, "found", started="T", cached=True).executed
    assert not Vertex(A, "never reached").executed


def test_log_is_joined_before_it_is_decoded() -> None:
    halves = [base64.b64encode(part).decode() for part in (b"caf\xc3", b"\xa9\n")]
    lines = [record(logs=[{"vertex": A, "stream": 1, "data": half}]) for half in halves]
    (vertex,) = parse("\n".join(lines)).vertexes
    assert vertex.log == "café\n"


def test_text_of_the_client_is_kept_apart() -> None:
    output = "\n".join(
        [
            record(vertexes=[{"digest": A, "name": "one"}]),
            "Dockerfile:2",
            '{"this": "is no progress"}',
            "{ neither is this",
            "ERROR: failed to solve: it broke",
        ]
    )
    progress = parse(output)
    assert [vertex.name for vertex in progress.vertexes] == ["one"]
    assert progress.text.splitlines() == [
        "Dockerfile:2",
        '{"this": "is no progress"}',
        "{ neither is this",
        "ERROR: failed to solve: it broke",
    ]


def test_warnings_carry_their_place() -> None:
    output = record(
        warnings=[
            {
                "vertex": A,
                "level": 1,
                "short": encoded("odd"),
                "detail": [encoded("very odd")],
                "url": "https://docs.example/odd",
                "sourceInfo": {"filename": "pyproject.toml"},
                "range": [{"start": {"line": 3}, "end": {"line": 4}}],
            }
        ]
    )
    place = ("https://docs.example/odd", "pyproject.toml", (3,))
    assert parse(output).warnings == (Notice(A, "odd", ("very odd",), *place),)


def test_named_finds_by_a_part_of_the_name() -> None:
    names = ["[2/3] install", "[3/3] member: api"]
    progress = parse(record(vertexes=[{"digest": name, "name": name} for name in names]))
    assert [vertex.name for vertex in progress.named("member")] == ["[3/3] member: api"]
