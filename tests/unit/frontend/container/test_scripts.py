"""The scripts of steps as files to mount."""

from __future__ import annotations

import pytest

from frontend.container.scripts import steps
from frontend.steps import every, needed, script
from tests.unit.frontend.environments import operation, written


@pytest.mark.parametrize("name", every())
def test_a_script_has_what_it_imports_beside_it(name: str) -> None:
    files = written(steps(name))

    assert files == {f"/{module}.py": script(module) for module in needed(name)}
    assert f"/{name}.py" in files


def test_scripts_stand_in_an_empty_filesystem_with_one_time() -> None:
    made = operation(steps("packages"))

    assert len(made.inputs) == 0
    assert {action.mkfile.timestamp for action in made.file.actions} == {0}
    assert steps("packages") == steps("packages")
    assert steps("packages") != steps("skeleton")
