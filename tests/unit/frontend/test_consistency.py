"""A lock whose packages don't fit together, as a merge may leave it; uv exports it in silence."""

from __future__ import annotations

import pytest

from frontend.errors import FrontendError, SourceFile
from frontend.model.packages import Selection
from frontend.project.lock import Lock
from frontend.resolve.closure import select_packages
from frontend.resolve.consistency import check_places, differences
from frontend.resolve.export import export
from tests.unit.frontend.locks import HEAD, edges, manifest, package, registry
from tests.unit.frontend.targets import target

ROOT = '[tool.uv.workspace]\nmembers = ["api", "core"]\n'
MANIFESTS = {
    "pyproject.toml": ROOT,
    "api/pyproject.toml": manifest("api"),
    "core/pyproject.toml": manifest("core"),
}
#: What `api` requires, as uv writes it down, and what stands for it in the lock.
REQUIRES = (
    '{ name = "core", editable = "core" }',
    '{ name = "idna", specifier = ">=3.4,<4" }',
    '{ name = "six", marker = "sys_platform == \'win32\'", specifier = ">=9" }',
    '{ name = "tomli", marker = "extra == \'toml\'", specifier = ">=2" }',
    '{ name = "odd", url = "https://files.example/odd-1.0-py3-none-any.whl" }',
)
ODD = package(
    "odd",
    'url = "https://files.example/odd-1.0-py3-none-any.whl"',
    "1.0",
    'wheels = [{ url = "https://files.example/odd-1.0-py3-none-any.whl", '
    f'hash = "sha256:{"c" * 64}" }}]',
)


def lock(
    idna: str = "3.10",
    tomli: str = "2.1",
    needs: tuple[str, ...] = ("core", "idna", "odd"),
    told: str = "",
) -> Lock:
    text = "".join(
        [
            HEAD,
            f'\n[manifest]\nmembers = ["api", "core"]\n{told}\n',
            package(
                "api",
                'editable = "api"',
                "1",
                edges("dependencies", *needs),
                "[package.optional-dependencies]",
                edges("toml", "tomli"),
                "[package.dev-dependencies]",
                edges("checked", "idna"),
                "[package.metadata]",
                f"requires-dist = [{', '.join(REQUIRES)}]",
                'provides-extras = ["toml"]',
                "[package.metadata.requires-dev]",
                'checked = [{ name = "idna", specifier = "==3.9" }]',
            ),
            # As workspaces have it, the version of a member does not count.
            package("core", 'editable = "core"', "0.1"),
            registry("idna", idna),
            registry("tomli", tomli),
            ODD,
        ]
    )
    return Lock.parse(SourceFile("uv.lock", text))


def found(made: Lock, extras: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> list[str]:
    selection, on = Selection("api", extras, groups), target()
    exported = export({**MANIFESTS, "uv.lock": made.document.source.text}, selection)
    told = differences(made, selection, select_packages(exported, made, on), on)
    lines = made.document.source.text.split("\n")
    return [f"{drift.message} | {lines[drift.place.start - 1]}" for drift in told]


def test_what_uv_has_resolved_fits() -> None:
    """Markers of other platforms, extras that nobody has chosen and prereleases among it."""
    assert found(lock()) == []
    assert found(lock(), extras=("toml",)) == []
    assert found(lock(idna="3.11rc1")) == []
    assert found(lock(idna="3.10+local.1")) == []


def test_another_version_than_is_required() -> None:
    expected = "'api' requires idna>=3.4,<4, and it has idna 4.0 | name = \"idna\""
    assert found(lock(idna="4.0")) == [expected]
    assert found(lock(tomli="1.9")) == []
    expected = "'api' requires tomli>=2, and it has tomli 1.9 | name = \"tomli\""
    assert found(lock(tomli="1.9"), extras=("toml",)) == [expected]
    expected = "'api' requires idna==3.9, and it has idna 3.10 | name = \"idna\""
    assert found(lock(), groups=("checked",)) == [expected]


def test_a_package_that_is_lacking() -> None:
    expected = "'api' requires idna>=3.4,<4, which it lacks | name = \"api\""
    assert found(lock(needs=("core", "odd"))) == [expected]


@pytest.mark.parametrize(
    "told",
    [
        'overrides = [{ name = "idna", specifier = "==4.0" }]',
        'excludes = ["idna"]',
        '[[manifest.dependency-metadata]]\nname = "api"\nversion = "1"\n',
    ],
)
def test_what_the_workspace_means_to_differ_is_no_finding(told: str) -> None:
    assert found(lock(idna="4.0", told=told)) == []
    assert found(lock(needs=("core", "odd"), told=told)) == []


def test_a_folder_of_the_machine_that_has_locked() -> None:
    file = '{ path = "/home/me/links/idna-3.10-py3-none-any.whl" }'
    index = package("idna", 'registry = "/home/me/links"', "3.10", f"wheels = [{file}]")
    text = "".join(
        [HEAD, package("api", 'editable = "."', "1", edges("dependencies", "idna")), index]
    )
    made, on = Lock.parse(SourceFile("uv.lock", text)), target()
    root = {"pyproject.toml": manifest("api"), "uv.lock": made.for_export}
    closure = select_packages(export(root, Selection("api")), made, on)
    with pytest.raises(
        FrontendError, match="a folder that no build sees: /home/me/links"
    ) as caught:
        check_places(made, closure)
    assert 'name = "idna"' in text.split("\n")[caught.value.places[0].start - 1]
