"""What the frontend sends is what has been reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.graphs import goldens
from tests.graphs.case import GOLDEN
from tests.graphs.cases import CASES
from tests.graphs.run import run

if TYPE_CHECKING:
    from tests.graphs.case import Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_everything_sent_is_as_reviewed(case: Case) -> None:
    difference = goldens.difference(case.name, run(case))
    if difference:
        pytest.fail(
            f"{case.name} sends something else; where that is meant: "
            f"python -m tests.graphs {case.name}\n\n{difference}",
            pytrace=False,
        )


def test_step_scripts_are_the_reviewed_ones() -> None:
    assert goldens.scripts() == goldens.SCRIPTS.read_text()


def test_every_vertex_is_described_once() -> None:
    lines = goldens.VERTICES.read_text().splitlines()
    assert len(lines) == len(goldens.described())
    assert set(goldens.described()) == goldens.all_listed()


def test_there_is_no_golden_without_a_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {case.name for case in CASES}


def test_names_of_cases_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
