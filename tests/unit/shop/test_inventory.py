"""The comparison of environments notices every kind of difference."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.shop.distributions import SCRIPT, Inventory, differences

if TYPE_CHECKING:
    from pathlib import Path

SITE = "lib/python3.13/site-packages"
INFO = f"{SITE}/Demo-1.0.dist-info"


def install(root: Path, contents: str = "x = 1\n") -> Path:
    """An environment with one package, as an installer makes it."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(contents.encode()).digest()).rstrip(b"=")
    for path, text in {
        "pyvenv.cfg": "",
        ".lock": "",
        "bin/demo": "#!/app/.venv/bin/python\n",
        f"{SITE}/demo.py": contents,
        f"{SITE}/__pycache__/demo.cpython-313.pyc": "",
        f"{INFO}/METADATA": "Metadata-Version: 2.1\nName: Demo\nVersion: 1.0\n",
        f"{INFO}/entry_points.txt": "[console_scripts]\ndemo = demo:main\n",
        f"{INFO}/INSTALLER": "uv",
        f"{INFO}/RECORD": "\n".join(
            [
                "../../../bin/demo,,",
                f"demo.py,sha256={digest.decode()},6",
                "Demo-1.0.dist-info/METADATA,,",
                "Demo-1.0.dist-info/entry_points.txt,,",
                "Demo-1.0.dist-info/INSTALLER,,",
                "Demo-1.0.dist-info/RECORD,,",
            ]
        ),
    }.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return root


def inventory(root: Path) -> Inventory:
    command = [sys.executable, "-I", "-B", str(SCRIPT), "venv", str(root)]
    return Inventory.parse(subprocess.run(command, check=True, capture_output=True).stdout.decode())


@pytest.fixture
def expected(tmp_path: Path) -> Inventory:
    return inventory(install(tmp_path / "expected"))


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    return install(tmp_path / "actual")


def test_the_same(venv: Path, expected: Inventory) -> None:
    assert expected.names == {"demo"}
    assert expected.unowned == {"pyvenv.cfg"}
    assert set(expected.distributions[0].files) == {
        "../../../bin/demo",
        "demo.py",
        "Demo-1.0.dist-info/METADATA",
        "Demo-1.0.dist-info/entry_points.txt",
    }
    assert differences(inventory(venv), expected) == []


def test_installers_notes_do_not_count(venv: Path, expected: Inventory) -> None:
    venv.joinpath(INFO, "INSTALLER").unlink()
    record = venv.joinpath(INFO, "RECORD")
    more = "\nDemo-1.0.dist-info/direct_url.json,,\n__pycache__/demo.cpython-313.pyc,,"
    record.write_text(record.read_text() + more)
    assert differences(inventory(venv), expected) == []


def test_another_version(venv: Path, expected: Inventory) -> None:
    metadata = venv / INFO / "METADATA"
    metadata.write_text(metadata.read_text().replace("1.0", "1.1"))
    assert differences(inventory(venv), expected) == [
        "demo 1.0 is missing",
        "demo 1.1 is installed and should not be",
    ]


def test_other_metadata_and_entry_points(venv: Path, expected: Inventory) -> None:
    metadata = venv / INFO / "METADATA"
    metadata.write_text(metadata.read_text() + "Summary: new\n")
    venv.joinpath(INFO, "entry_points.txt").unlink()
    assert differences(inventory(venv), expected) == [
        "demo 1.0: METADATA differs",
        "demo 1.0: entry points '' instead of '[console_scripts]\\ndemo = demo:main\\n'",
        f"{venv}/{INFO}/entry_points.txt is missing",
    ]


def test_other_contents(tmp_path: Path, expected: Inventory) -> None:
    other = inventory(install(tmp_path / "other", "x = 2\n"))
    assert differences(other, expected) == ["demo 1.0: demo.py has other contents"]


def test_file_unlike_its_record(venv: Path, expected: Inventory) -> None:
    venv.joinpath(SITE, "demo.py").write_text("x = 3\n")
    assert differences(inventory(venv), expected) == [
        f"{venv}/{SITE}/demo.py is not what RECORD says"
    ]


def test_strays(venv: Path, expected: Inventory) -> None:
    venv.joinpath(SITE, "stray.pth").touch()
    venv.joinpath("pyvenv.cfg").unlink()
    assert differences(inventory(venv), expected) == [
        "pyvenv.cfg is missing",
        f"{SITE}/stray.pth belongs to no package",
    ]
