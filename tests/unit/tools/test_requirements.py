"""The hashes of what the frontend image is made of fit pyproject.toml, and are complete."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.image import NAME_UV, pinned
from tools.requirements import FILE, ROOT

PINNED = pinned(FILE.read_text())


def test_the_pins_of_the_project_are_in_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (uv,) = (word for word in project["dependency-groups"]["dev"] if word.startswith("uv=="))
    for requirement in map(Requirement, [*project["project"]["dependencies"], uv]):
        name = canonicalize_name(requirement.name)
        assert PINNED[name].splitlines()[0] == f"{name}{requirement.specifier} \\"


@pytest.mark.parametrize("name", PINNED)
def test_each_has_hashes_and_nothing_else(name: str) -> None:
    first, *rest = PINNED[name].splitlines()
    assert re.fullmatch(rf"{name}==[0-9][0-9a-z.]* \\", first)
    assert rest
    for line in rest:
        assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line)


@pytest.mark.parametrize("name", sorted(set(PINNED) - {NAME_UV}))
def test_what_each_requires_is_in_it(name: str) -> None:
    """The development environment is resolved from the same pins within the same date."""
    installed = distribution(name)
    assert PINNED[name].startswith(f"{name}=={installed.version} ")
    for requirement in map(Requirement, installed.requires or ()):
        environment = {"python_version": "3.13", "python_full_version": "3.13.0", "extra": ""}
        if requirement.marker is None or requirement.marker.evaluate(environment):
            assert canonicalize_name(requirement.name) in PINNED


def test_no_index_is_named() -> None:
    text = FILE.read_text()
    assert "://" not in text
    assert "--index" not in text


def test_what_is_no_pin_is_refused() -> None:
    """A line that uv would read as an option, or install without a hash."""
    for text in ("idna==3.0\n", "--index-url x\n", "idna>=3 \\\n    --hash=sha256:aa\n"):
        with pytest.raises(SystemExit):
            pinned(text)
