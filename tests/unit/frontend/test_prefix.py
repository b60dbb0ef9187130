"""What is left to the base, what is replaced, and what is moved to the base's own folders."""

from __future__ import annotations

import base64
import hashlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from frontend.config.keys import SpecSource
from frontend.config.settings import merge_sources
from frontend.errors import FrontendError
from frontend.model.base import Prefix
from frontend.model.packages import Closure, LockedPackage
from frontend.resolve.prefix import reconcile
from tests.unit.frontend.test_steps import Container

if TYPE_CHECKING:
    from pathlib import Path


def test_scripts_data_and_lists_of_files_move(tmp_path: Path) -> None:
    container = Container(tmp_path)
    site = container.venv / "lib/python3.13/site-packages"
    for path, text in {
        "a.py": "",
        "a-1.dist-info/METADATA": "",
        "../../../bin/a": f"#!{container.steps['places'].VENV}/bin/python\nimport a\n",
        "../../../bin/plain": "#!/bin/sh\n",
        "../../../share/a/data": "",
        "a-1.dist-info/RECORD": "a.py,sha256=x,0\n../../../bin/a,sha256=y,9\n"
        "../../../bin/plain,sha256=z,10\n../../../share/a/data,,\na-1.dist-info/RECORD,,\n",
    }.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
    prefix = {
        "interpreter": "/usr/bin/python3.13",
        "packages": "/usr/local/lib/python3.13/dist-packages",
        "scripts": "/usr/local/bin",
        "data": "/usr/local",
    }
    container.steps["relocation"].move_to(prefix)
    usr = container.layer / "usr"
    script = (usr / "local/bin/a").read_bytes()
    assert script == b"#!/usr/bin/python3.13\nimport a\n"
    assert (usr / "local/share/a/data").exists()
    assert not container.venv.exists()
    digest = base64.urlsafe_b64encode(hashlib.sha256(script).digest()).rstrip(b"=").decode()
    packages = usr / "local/lib/python3.13/dist-packages"
    assert (packages / "a-1.dist-info/RECORD").read_text().splitlines() == [
        "a.py,sha256=x,0",
        f"../../../bin/a,sha256={digest},{len(script)}",
        "../../../bin/plain,sha256=z,10",
        "../../../share/a/data,,",
        "a-1.dist-info/RECORD,,",
    ]


def package(name: str, version: str) -> LockedPackage:
    return LockedPackage(name, version, {"name": name, "version": version})


def prefix(**there: tuple[str, bool]) -> Prefix:
    return Prefix("/usr/bin/python3", "/p", "/usr/bin", "/usr", there)


JOB: Any = SimpleNamespace(settings=merge_sources(SpecSource({"venv": "/usr"})))
CLOSURE = Closure((package("numpy", "2.0"), package("torch", "2.9.1")), ())


def test_the_version_of_the_lock_is_not_installed_again() -> None:
    left, replaced = reconcile(JOB, "x", prefix(numpy=("2.0", False), other=("1", False)), CLOSURE)
    assert [p.name for p in left.third_party] == ["torch"]
    assert replaced is None


def test_another_version_is_replaced() -> None:
    left, replaced = reconcile(JOB, "x", prefix(numpy=("1.26.4", True)), CLOSURE)
    assert left == CLOSURE
    assert replaced is not None
    assert replaced.title == "without the base's numpy 1.26.4"


def test_what_lists_no_files_cannot_be_replaced() -> None:
    with pytest.raises(FrontendError, match=r"numpy 1\.26\.4 without a list of its files"):
        reconcile(JOB, "x", prefix(numpy=("1.26.4", False)), CLOSURE)
