"""What a build in which nothing changed loads before it can answer: a start takes no time."""

from __future__ import annotations

import sys
from functools import cache

from tests.graphs import run
from tests.graphs.cases import CASES

#: Modules of our own. Before the code was divided by stages they were 84, of the same size in all.
#: A module more is a file more to open: import what only some builds need where it is needed.
OWN = 118
#: Distributions that only some builds need.
UNUSUAL = {"annotated_types", "pydantic", "pydantic_core", "typing_inspection"}


@cache
def loaded() -> frozenset[str]:
    """The modules that a usual build imports, seen by a daemon that has every result already."""
    case = next(case for case in CASES if case.name == "single")
    command = (sys.executable, "-X", "importtime", "-m", "frontend")
    with run.started(case, command) as (_, outcome):
        assert outcome.failure is None
        lines = [line for line in outcome.stderr.splitlines() if line.startswith("import time:")]
    return frozenset(line.rpartition("|")[2].strip() for line in lines[1:])


def test_a_usual_build_loads_few_modules_of_our_own() -> None:
    own = {name for name in loaded() if name.split(".")[0] in ("frontend", "llb")}
    assert 50 < len(own) <= OWN, sorted(own)


def test_a_usual_build_loads_no_distribution_that_only_some_need() -> None:
    tops = {name.split(".")[0] for name in loaded()}
    assert tops.isdisjoint(UNUSUAL)
    assert {"grpc", "packaging", "tomli"} <= tops
