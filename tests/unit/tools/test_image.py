"""What the frontend image is put together from."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from tools import image
from tools.requirements import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_labels_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    labels = dict(
        re.findall(
            r'org\.opencontainers\.image\.(\w+)="([^"]*)"', (ROOT / "Dockerfile").read_text()
        )
    )
    assert labels == {
        "title": project["name"],
        "description": project["description"],
        "version": project["version"],
        "licenses": project["license"],
        "source": "${SOURCE}",
        "revision": "${REVISION}",
    }


@pytest.mark.parametrize(
    "address", ["https://ci:s3cret@index.example/simple", "https://token@index.example"]
)
def test_no_password_in_an_argument(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """BuildKit publishes arguments in the provenance."""
    monkeypatch.setenv("INDEX_URL", address)
    with pytest.raises(SystemExit, match="--secret id=index") as refusal:
        image.index_address()
    assert "s3cret" not in str(refusal.value)


def test_the_index_of_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INDEX_URL", "https://index.example/a@b")
    assert image.index_address() == "https://index.example/a@b"
    (tmp_path / "index").write_text("https://ci:s3cret@index.example/simple\n")
    monkeypatch.setattr(image, "INDEX", tmp_path / "index")
    assert image.index_address() == "https://ci:s3cret@index.example/simple"


def test_licences_are_listed(tmp_path: Path) -> None:
    for folder, metadata in {
        "packages/a-1.dist-info": "Name: a\nVersion: 1\nLicense-Expression: MIT\n",
        "packages/b-2.dist-info": "Name: b\nVersion: 2\nClassifier: License :: BSD\n",
        "licenses/uv-3.dist-info": "Name: uv\nVersion: 3\nLicense: Apache-2.0\n More text\n",
    }.items():
        (tmp_path / "opt/home" / folder).mkdir(parents=True)
        (tmp_path / "opt/home" / folder / "METADATA").write_text(metadata)
    packages = {"libc6": "Package: libc6\nVersion: 2.41\n", "python3.13": "Version: 3.13.5\n"}
    listed = image.index_of_licences(tmp_path / "opt/home", packages).splitlines()
    assert listed[0].endswith(": /usr/share/doc/python3.13/copyright")
    assert listed[1:] == [
        "uv 3: Apache-2.0, /opt/home/licenses/uv-3.dist-info",
        "a 1: MIT, /opt/home/packages/a-1.dist-info",
        "b 2: BSD, /opt/home/packages/b-2.dist-info",
        "libc6 2.41: /usr/share/doc/libc6/copyright",
        "python3.13 3.13.5: /usr/share/doc/python3.13/copyright",
    ]
