"""Every setting of uv: that none is forgotten, where it is read, and what is said of it."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import tomli_w

from frontend.container.uv_settings import credentials, deciding, project
from frontend.errors import FrontendError, SourceFile
from frontend.model.layers import Kind, MembersLayer, PackagesLayer
from frontend.model.packages import LocalPackage, LockedPackage
from frontend.project.manifest import for_export
from frontend.project.uv_config import (
    FATES,
    SettingHandling,
    all_indexes,
    ineffective,
    root_manifest,
    with_indexes_of,
)
from frontend.resolve.export import uv_binary
from frontend.resolve.uv_image import admits
from frontend.toml_document import TomlDocument
from tests.docs.pages import Page, rows

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = """\
[project]
name = "shop"

[tool.uv]
no-build = true
required-version = ">=0.5"
constraint-dependencies = ["idna<4"]

[tool.uv.sources]
core = { workspace = true }
"""


def document(text: str, name: str = "pyproject.toml") -> TomlDocument:
    return TomlDocument.parse(SourceFile(name, text))


def settled(file: str | None, manifest: str = MANIFEST) -> TomlDocument:
    text = None if file is None else SourceFile("uv.toml", file)
    return root_manifest(document(manifest), text)


def read_by_uv(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """What uv says of a file with settings."""
    (folder / "settings.toml").write_text(text)
    return subprocess.run(
        [uv_binary(), "--config-file", str(folder / "settings.toml"), "cache", "dir"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def known_to_uv(folder: Path) -> set[str]:
    """The settings that uv lists where it refuses one that it does not know."""
    done = read_by_uv(folder, "no-setting-of-uv = 1\n")
    _, found, listed = done.stderr.partition("expected one of")
    assert found, done.stderr
    return set(re.findall(r"`([a-z-]+)`", listed))


def test_every_setting_of_uv_has_its_fate(tmp_path: Path) -> None:
    assert known_to_uv(tmp_path) == set(FATES)


def test_the_page_has_all_of_them_in_one_order() -> None:
    table = rows(Page("docs/uv-settings.md").section("All of them"))
    found = [(row[0].strip("`"), row[1]) for row in table]
    assert found == sorted((name, str(fate)) for name, fate in FATES.items())


def test_what_goes_to_uv_is_what_layers_depend_on() -> None:
    everything = dict.fromkeys(FATES, True)
    found = {name for name, fate in FATES.items() if fate is SettingHandling.STEPS}
    assert set(deciding(everything)) == found


#: A value of each setting that goes to uv in a generated file.
VALUES: dict[str, Any] = {
    "allow-insecure-host": ["index.example"],
    "config-settings": {"editable_mode": "compat"},
    "config-settings-package": {"idna": {"editable_mode": "compat"}},
    "dependency-metadata": [{"name": "idna", "requires-dist": []}],
    "exclude-newer": "2026-01-01T00:00:00Z",
    "exclude-newer-package": {"idna": "2026-01-01T00:00:00Z"},
    "extra-build-dependencies": {"idna": ["setuptools"]},
    "extra-build-variables": {"idna": {"MODE": "fast"}},
    "extra-index-url": ["https://more.index.example/simple"],
    "find-links": ["https://links.example/wheels"],
    "http-proxy": "http://proxy.example:3128",
    "https-proxy": "http://proxy.example:3128",
    "index": [
        {
            "name": "corp",
            "url": "https://corp.index.example/simple",
            "explicit": True,
            "format": "flat",
            "authenticate": "always",
            "ignore-error-codes": [403],
            "cache-control": {"api": "max-age=600"},
            "publish-url": "https://corp.index.example/upload",
        }
    ],
    "index-strategy": "unsafe-best-match",
    "index-url": "https://index.example/simple",
    "keyring-provider": "disabled",
    "native-tls": True,
    "no-binary": False,
    "no-binary-package": ["idna"],
    "no-build": False,
    "no-build-isolation": True,
    "no-build-isolation-package": ["idna"],
    "no-build-package": ["six"],
    "no-index": False,
    "no-proxy": ["index.example"],
    "no-sources": False,
    "no-sources-package": ["six"],
    "preview-features": ["pylock"],
    "require-build-hashes": False,
    "system-certs": True,
}


@pytest.mark.parametrize("name", VALUES)
def test_uv_reads_what_is_handed_on(name: str, tmp_path: Path) -> None:
    packages = (LockedPackage("idna", "1", {"source": {"registry": ""}}, built=True),)
    written = project({name: VALUES[name]}, PackagesLayer(Kind.PACKAGES, packages))
    assert set(written) == {name}
    done = read_by_uv(tmp_path, tomli_w.dumps(written))
    assert done.returncode == 0, done.stderr


def test_no_setting_that_is_handed_on_is_left_out_of_that() -> None:
    elsewhere = {"build-constraint-dependencies", "preview"}
    assert set(VALUES) | elsewhere == {
        n for n, fate in FATES.items() if fate is SettingHandling.STEPS
    }


def test_a_file_takes_the_place_of_the_table_but_for_the_project() -> None:
    root = settled('\nno-index = true\nconstraint-dependencies = ["six"]\n')
    assert root.get("tool", "uv") == {
        "no-index": True,
        "constraint-dependencies": ["idna<4"],
        "sources": {"core": {"workspace": True}},
    }
    place = root.place("tool", "uv", "no-index")
    assert (place.source.filename, place.start) == ("uv.toml", 2)
    place = root.place("tool", "uv", "sources")
    assert (place.source.filename, place.start) == ("pyproject.toml", 9)
    assert "required-version" not in for_export(root)
    assert settled(None).get("tool", "uv", "no-build") is True


@pytest.mark.parametrize(
    ("file", "said", "remedy"),
    [
        ("workspace = {}", "uv.toml cannot have workspace", "below [tool.uv] of pyproject.toml"),
        ("default-groups = []", "uv.toml cannot have default-groups", "below [tool.uv]"),
        ("indx = []", "uv.toml has no setting 'indx'", "Did you mean index?"),
        ("qqqqqqqq = 1", "uv.toml has no setting 'qqqqqqqq'", "a newer frontend image"),
    ],
)
def test_a_file_that_uv_refuses(file: str, said: str, remedy: str, tmp_path: Path) -> None:
    with pytest.raises(FrontendError) as caught:
        settled(f"\n{file}\n")
    assert caught.value.message.startswith(said)
    assert remedy in caught.value.remedy
    (place,) = caught.value.places
    assert (place.source.filename, place.start) == ("uv.toml", 2)
    # As uv has it.
    (tmp_path / "uv.toml").write_text(file)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    command = [uv_binary(), "lock", "--offline"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"uv.toml" in done.stderr


def test_a_project_that_uv_leaves_alone() -> None:
    with pytest.raises(FrontendError, match="managed is false") as caught:
        settled(None, "[tool.uv]\nmanaged = false\n")
    assert caught.value.places[0].start == 2


def told(root: TomlDocument, *members: TomlDocument) -> list[str]:
    found = ineffective(root, members)
    return [f"{place.source.filename}:{place.start}: {text}" for text, place in found]


def test_what_has_no_effect_is_told_with_its_line() -> None:
    assert told(settled(None)) == []
    ignored = "has no effect: uv reads uv.toml in its place"
    assert told(settled("offline = true\n")) == [
        f"pyproject.toml:5: tool.uv.no-build {ignored}",
        f"pyproject.toml:6: tool.uv.required-version {ignored}",
        "uv.toml:1: tool.uv.offline has no effect: a build downloads what the engine does not "
        "have. The key `hermetic` builds without network",
    ]
    wrong = "[tool.uv]\nno-bild = true\n"
    assert told(settled(None, wrong)) == [
        "pyproject.toml:2: tool.uv has no setting 'no-bild': uv leaves out the whole table for "
        "it, and so its other settings. Did you mean no-build?"
    ]
    member = document(
        '[tool.uv]\nno-build = true\npackage = true\nindex = []\ndefault-groups = ["a"]\n',
        "api/pyproject.toml",
    )
    assert told(settled(None), member) == [
        "api/pyproject.toml:2: tool.uv.no-build has no effect in api/pyproject.toml: uv reads it "
        "at the root of the workspace"
    ]


CORP = '[[tool.uv.index]]\nname = "corp"\nurl = "https://corp.index.example/simple"\n'


def indexes(root: str = "", **members: str) -> dict[str, Any]:
    manifests = {name: document(text) for name, text in members.items()}
    found: dict[str, Any] = with_indexes_of(document(root), manifests).get("tool", "uv") or {}
    return found


def test_an_index_of_a_member_is_for_what_comes_from_it_and_for_that_member() -> None:
    settings = indexes("", api=f"{CORP}default = true\n", core="")
    expected = [{"name": "corp", "url": "https://corp.index.example/simple", "explicit": True}]
    assert all_indexes(settings) == expected
    table = {"source": {"registry": "https://corp.index.example/simple/"}}
    layer = PackagesLayer(Kind.PACKAGES, (LockedPackage("idna", "1", table),))
    assert project(settings, layer) == {"index": expected}
    assert "UV_INDEX_CORP_PASSWORD" in credentials(settings, layer)
    elsewhere = {"source": {"registry": "https://index.example/simple"}}
    assert (
        project(settings, PackagesLayer(Kind.PACKAGES, (LockedPackage("six", "1", elsewhere),)))
        == {}
    )
    for name, found in (("api", {"index": expected}), ("core", {})):
        member = MembersLayer((LocalPackage(name, name, "editable"),))
        assert project(settings, member) == found


def test_a_members_folder_is_no_index_for_the_others() -> None:
    """What is installed of it is in the lock, by its place in the workspace."""
    assert all_indexes(indexes("", api=CORP.replace("https://corp.index.example", ".."))) == []


def test_the_roots_index_of_a_name_is_the_one() -> None:
    other = CORP.replace("simple", "other")
    assert [i["url"] for i in all_indexes(indexes(CORP, api=other))] == [
        "https://corp.index.example/simple"
    ]


def test_where_to_publish_rebuilds_nothing() -> None:
    settings = indexes(f'{CORP}publish-url = "https://corp.index.example/upload"\n')
    table = {"source": {"registry": "https://corp.index.example/simple"}}
    (index,) = project(
        settings, PackagesLayer(Kind.PACKAGES, (LockedPackage("idna", "1", table),))
    )["index"]
    assert sorted(index) == ["name", "url"]


@pytest.mark.parametrize(
    ("wanted", "version", "fits"),
    [
        ("", "0.13.8", True),
        (">=0.12,<0.14", "0.13.8", True),
        ("==0.12.*", "0.13.8", False),
        ("0.13.8", "0.13.8", True),
        ("0.13.7", "0.13.8", False),
    ],
)
def test_a_required_version(wanted: str, version: str, fits: bool) -> None:
    assert admits(wanted, version) is fits
