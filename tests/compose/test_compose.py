"""compose.yaml of the shop: every service is one package, named by a build argument."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.compose.conftest import SERVICES
from tests.engine import ca_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Engine


def certificates(folder: Path) -> list[str]:
    """Options that give the builds the machine's certificates, if it has any."""
    bundle = ca_bundle()
    if bundle is None:
        return []
    more = {
        "services": {name: {"build": {"secrets": ["ca"]}} for name in SERVICES},
        "secrets": {"ca": {"file": str(bundle)}},
    }
    (folder / "certificates.json").write_text(json.dumps(more))
    return ["-f", str(folder / "certificates.json")]


def test_compose_builds_and_runs_the_services(
    docker28: Engine, checkout: Path, tmp_path: Path
) -> None:
    project = ["compose", "-p", "uv-frontend-compose", "--project-directory", str(checkout)]
    project += ["-f", str(checkout / "compose.yaml"), *certificates(tmp_path)]
    docker28.docker(*project, "build")
    try:
        config = json.loads(docker28.docker(*project, "config", "--format", "json").stdout)
        arguments = {name: each["build"]["args"] for name, each in config["services"].items()}
        assert arguments == {name: {"package": name} for name in SERVICES}
        for name in SERVICES:
            image = f"uv-frontend-compose-{name}"
            title = '{{index .Config.Labels "org.opencontainers.image.title"}}'
            told = docker28.docker("image", "inspect", "--format", title, image).stdout
            assert told.strip() == name
        shown = docker28.docker(*project, "run", "--rm", "report").stdout
        assert "Cast-iron teapot" in shown
    finally:
        docker28.docker(*project, "down", "--rmi", "local", check=False)
