"""`--provenance`: BuildKit writes it, and has to find what it needs in our graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.attestations.test_sbom import build

if TYPE_CHECKING:
    from tests.attestations.exported import Exported
    from tests.engine import Engine
    from tests.errors.index import Index
    from tests.errors.workspaces import Workspace

SLSA = "https://slsa.dev/provenance/v0.2"
EXTENSION = "https://mobyproject.org/buildkit@v1#metadata"


@pytest.fixture(scope="module", params=["min", "max"])
def image(
    request: pytest.FixtureRequest,
    docker28: Engine,
    shop: Workspace,
    index: Index,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, Exported]:
    path = tmp_path_factory.mktemp("exported") / "image.tar"
    option = f"--provenance=mode={request.param}"
    return request.param, build(docker28, shop, index, path, option)


def test_materials_are_the_frontend_and_the_base(image: tuple[str, Exported]) -> None:
    statement = image[1].statements()[SLSA]
    names = [each["uri"].partition("?")[0] for each in statement["materials"]]
    assert sorted(names) == ["pkg:docker/org/uv-frontend@latest", "pkg:docker/python@3.13-slim"]
    assert all(each["digest"] for each in statement["materials"])


def test_what_each_mode_tells(image: tuple[str, Exported]) -> None:
    mode, exported = image
    statement: dict[str, Any] = exported.statements()[SLSA]
    told = statement["metadata"].get(EXTENSION, {})
    if mode == "min":
        assert "buildConfig" not in statement
        assert "layers" not in told
        return
    secrets = statement["invocation"]["parameters"]["secrets"]
    assert {"id": "netrc", "optional": True} in secrets
    assert len(statement["buildConfig"]["llbDefinition"]) > len(exported.layers)
    # The layers of the image's last step are all of the image's, in order.
    chains = [chain for found in told["layers"].values() for chain in found]
    assert exported.layers in [[layer["digest"] for layer in chain] for chain in chains]


def test_steps_of_members_have_their_place(image: tuple[str, Exported]) -> None:
    mode, exported = image
    if mode == "max":
        source = exported.statements()[SLSA]["metadata"][EXTENSION]["source"]
        assert [info["filename"] for info in source["infos"]] == ["libs/core/pyproject.toml"]
