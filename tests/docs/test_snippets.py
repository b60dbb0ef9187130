"""The README's compose and bake files, built as they stand there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.docs.pages import README
from tests.engine import ca_bundle
from tests.shop import reference

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.engine import Engine


def block(language: str) -> str:
    (found,) = [each.text for each in README.blocks if each.language == language]
    name = {"yaml": "compose.yaml", "hcl": "docker-bake.hcl"}[language]
    assert found.startswith(f"# {name}\n")
    return found


def test_compose(docker28: Engine, shop: Path, tmp_path: Path) -> None:
    workspace = reference.checkout(shop, tmp_path / "shop")
    (workspace / "compose.yaml").write_text(block("yaml"))
    files = ["--project-directory", str(workspace), "-f", str(workspace / "compose.yaml")]
    if bundle := ca_bundle():
        # What only the machine that tests needs.
        private = {
            "services": {name: {"build": {"secrets": ["ca"]}} for name in ("api", "worker")},
            "secrets": {"ca": {"file": str(bundle)}},
        }
        (tmp_path / "ca.json").write_text(json.dumps(private))
        files += ["-f", str(tmp_path / "ca.json")]
    docker28.docker("compose", "-p", "uv-frontend-docs", *files, "build")
    try:
        answer = docker28.run("uv-frontend-docs-worker", "--check").stdout
        assert json.loads(answer)["tasks"] == ["shop.invoice"]
        config = json.loads(docker28.docker("image", "inspect", "uv-frontend-docs-api").stdout)
        assert config[0]["Config"]["Entrypoint"] == ["/app/.venv/bin/api"]
    finally:
        images = ("uv-frontend-docs-worker", "uv-frontend-docs-api")
        docker28.docker("rmi", "--force", *images, check=False)


def test_bake_runs_common_steps_once(
    docker28: Engine, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = reference.checkout(shop, tmp_path / "shop")
    (workspace / "docker-bake.hcl").write_text(block("hcl"))
    # A library that no cache knows.
    with (workspace / "libs/core/src/shop_core/money.py").open("a") as source:
        source.write(f"\n# {tmp_path}\n")
    options = []
    if bundle := ca_bundle():
        options = [f"--allow=fs.read={bundle.parent}", f"--set=*.secrets=id=ca,src={bundle}"]
    monkeypatch.chdir(workspace)
    done = docker28.docker("buildx", "bake", "--progress=plain", *options)
    try:
        numbers = {
            line.split()[0]
            for line in done.stderr.splitlines()
            if line.endswith("] member: shop-core")
        }
        executed = [n for n in numbers if f"\n{n} CACHED\n" not in done.stderr]
        assert len(executed) == 1
        answer = docker28.run("shop-worker", "--check").stdout
        assert json.loads(answer)["tasks"] == ["shop.invoice"]
    finally:
        docker28.docker("rmi", "--force", "shop-worker", "shop-api", check=False)
