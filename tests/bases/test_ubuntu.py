"""Ubuntu as a base: with its own Python, and as CUDA's images are made from it, without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine import EngineUnavailable, ubuntu_image
from tests.errors.index import REACH

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bases.conftest import Image
    from tests.bases.mirror import Mirror
    from tests.engine import Engine

WITH_PYTHON = """\
FROM ubuntu:26.04
RUN apt-get -q update && apt-get -q install --yes --no-install-recommends python3
"""
#: As NVIDIA's images: variables, and folders of the driver.
CUDA = """\
FROM ubuntu:26.04
RUN mkdir -p /usr/local/cuda/lib64
ENV NVIDIA_VISIBLE_DEVICES=all CUDA_VERSION=13.0.1 \\
    LD_LIBRARY_PATH=/usr/local/nvidia/lib64:/usr/local/cuda/lib64
"""
#: What dpkg says of a package, and which files were left by installing it.
LEFT = """\
import os, subprocess
assert os.path.exists(f"/usr/lib/{os.uname().machine}-linux-gnu/libgomp.so.1")
print(subprocess.run(
    ["dpkg-query", "--show", "--showformat=${Version}", "libgomp1"],
    check=True, capture_output=True, text=True,
).stdout)
for top in ("/var/lib/apt/lists", "/var/cache/apt"):
    for folder, _, files in os.walk(top):
        for name in set(files) - {"lock"}:
            print(os.path.join(folder, name))
"""


@pytest.fixture(scope="module")
def ubuntu(docker28: Engine) -> None:
    """Ubuntu's image, in the registry. Without its archive there is nothing to be shown."""
    if docker28.kind is None:
        pytest.skip("needs an engine of the tests' own")
    try:
        ubuntu_image.provide(docker28.registry)
    except EngineUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("ubuntu")
def test_ubuntu_with_its_own_python(
    build: Callable[..., Image], based: Callable[[str, str], str]
) -> None:
    image = build(f'base = "{based("ubuntu", WITH_PYTHON)}"\nuser = "nonroot"\n')
    seen = image.look("/app/main.py", options=("--read-only",))
    assert seen["base"] == "/usr"
    assert seen["prefix"] == "/app/.venv"
    assert seen["python"].startswith("3.14.")
    assert seen["core"].startswith("/app/.venv/lib/python3.14/site-packages/core")
    assert seen["uid"] == 65532


@pytest.mark.usefixtures("ubuntu", "listed")
def test_cuda_on_ubuntu(
    build: Callable[..., Image],
    based: Callable[[str, str], str],
    offered: Mirror,
    version: str,
) -> None:
    """Python from a mirror in one patch version, and a package of Ubuntu in one version."""
    base = based("ubuntu-cuda", CUDA)
    pinned = ubuntu_image.version("libgomp1")
    image = build(
        f'base = "{base}"\nuser = "nonroot"\npython = "{version}"\n'
        f'python-mirror = "{offered.url}/mirror"\napt = ["libgomp1={pinned}"]\n',
        REACH,
    )
    seen = image.look("/opt/uv-python", options=("--read-only",))
    assert (seen["python"], seen["base"]) == (version, "/opt/uv-python/python")
    assert seen["uid"] == 65532
    assert image.python("-c", LEFT).split() == [pinned]
    added = [f"apt: libgomp1={pinned}", f"Python {version}", "virtual environment"]
    assert [line for line in reversed(image.history) if line in added] == added
    variables = set(image.config["Env"])
    assert "NVIDIA_VISIBLE_DEVICES=all" in variables
    assert "LD_LIBRARY_PATH=/usr/local/nvidia/lib64:/usr/local/cuda/lib64" in variables
