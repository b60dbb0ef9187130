"""What a build in which nothing changed loads before it can answer: a start takes no time."""

from __future__ import annotations

import sys
from collections import Counter
from functools import cache
from pathlib import Path

from tests.graphs import run
from tests.graphs.cases import CASES

ROOT = Path(__file__).resolve().parents[3]
#: Modules of our own, of `frontend` and `llb`. A module more is a file more to open: import what
#: only some builds need where it is needed, and lower the number where there are fewer.
#:
#: Before the code was divided by stages (commit ad3f2a5) a build loaded 84: 75 modules and the
#: `__init__` of 9 packages. Of the 18 packages now 9 are new, and hold a docstring each. The other
#: 24 are modules that were cut out of larger ones, such as `ref` and `types` out of
#: `gateway.client`: all that is loaded has 3% more bytes.
#: One more, `project.kinds`, checks the files of a workspace.
OWN_MODULES = 100
OWN_PACKAGES = 18
#: Modules of other distributions, by their tops; they were as many in ad3f2a5.
FOREIGN = {"google": 34, "grpc": 23, "packaging": 14, "tomli": 1, "tomli_w": 2}
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
    packages = {name for name in own if (ROOT / name.replace(".", "/") / "__init__.py").exists()}
    modules = own - packages
    assert 50 < len(modules) <= OWN_MODULES, sorted(modules)
    assert 5 < len(packages) <= OWN_PACKAGES, sorted(packages)


def test_a_usual_build_loads_few_modules_of_others() -> None:
    counts = Counter(name.split(".")[0] for name in loaded())
    grown = {top: counts[top] for top, most in FOREIGN.items() if counts[top] > most}
    assert grown == {}, sorted(name for name in loaded() if name.split(".")[0] in grown)
    assert counts.keys() >= {"google", "grpc", "packaging"}


def test_a_usual_build_loads_no_distribution_that_only_some_need() -> None:
    tops = {name.split(".")[0] for name in loaded()}
    assert tops.isdisjoint(UNUSUAL)
    assert {"grpc", "packaging", "tomli"} <= tops
