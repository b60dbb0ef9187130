"""Packages of Alpine, on a base with musl and busybox.

Alpine itself is out of the tests' reach: its package manager is stood in for by a script that
takes the same arguments, and Python is compiled for musl.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.bases.test_pages import bodies, instead
from tests.engine import debian, musl_image
from tests.errors.shown import fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bases.conftest import Image
    from tests.engine import Engine
    from tests.errors.workspaces import Workspace

NAME = "uv-frontend-test/base-alpine"
DOCKERFILE = f"""\
FROM python:{musl_image.TAG}
COPY busybox /bin/busybox
RUN ["/bin/busybox", "mkdir", "-p", "/usr/bin", "/usr/sbin", "/sbin", "/var/log", "/lib/apk/db"]
RUN ["/bin/busybox", "--install", "-s"]
COPY --chmod=755 apk.sh /sbin/apk
RUN mkdir /srv && cd /srv \\
 && mkdir -p packages/hello packages/tool packages/libpq packages/build-base \\
 && for v in 1.0-r0 1.1-r0; do printf '#!/bin/sh\\necho %s\\n' $v > packages/hello/$v; done \\
 && for n in tool libpq build-base; do cp packages/hello/1.0-r0 packages/$n/; done \\
 && printf 'ID=alpine\\nVERSION_ID=3.23.0\\n' > /etc/os-release \\
 && echo 'of the base' > /var/log/apk.log
ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
"""
#: What the package manager has written, and what a step might have left.
LEFT = "cat /var/log/apk.log; ls -A /var/cache /tmp 2>/dev/null; ls -d /dev/uv-frontend || true"


@pytest.fixture(scope="module")
def alpine(docker28: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The base's name."""
    if docker28.kind is None:
        pytest.skip("needs an engine of the tests' own")
    musl_image.provide(docker28)
    folder = tmp_path_factory.mktemp("alpine")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    shutil.copy(Path(__file__).with_name("apk.sh"), folder)
    shutil.copy(
        debian.unpack("bookworm", ("busybox-static",)).executable("busybox"), folder / "busybox"
    )
    docker28.build(folder, "--provenance=false", tag=NAME)
    docker28.publish(NAME)
    return NAME


def test_packages_in_the_image_and_in_the_builder(
    site: Workspace, build: Callable[..., Image], alpine: str
) -> None:
    """What is only built with is not in the image; nor are lists, downloads and logs."""
    backend = (site.folder / "libs/core/backend.py").read_text()
    uses = 'import subprocess\nsubprocess.run(["tool"], check=True)\n'
    site.write("libs/core/backend.py", uses + backend)
    keys = f'base = "{alpine}"\nuser = "nonroot"\nbuild-apk = ["tool"]\n'
    image = build(f'{keys}apk = ["hello=1.0-r0"]\n')

    def run(command: str) -> str:
        return image.engine.run(image.name, "sh", "-c", command).stdout

    assert image.look()["uid"] == 65532
    assert run("hello; cat /etc/apk/world") == "1.0-r0\nhello=1.0-r0\n"
    assert run("command -v tool || echo none") == "none\n"
    assert run(LEFT).split("\n", 1)[0] == "of the base"
    assert ".apk" not in run(LEFT)
    assert "APKINDEX" not in run(LEFT)
    history = image.history
    # Below all but the base.
    below = ["user nonroot (65532:65532)", "apk: hello=1.0-r0"]
    assert history[history.index("virtual environment") + 1 :][:2] == below
    assert not [line for line in history if "tool" in line and line.startswith("apk")]
    # With one package more the first comes from the cache, and nothing else is done again.
    more = build(f'{keys}apk = ["hello=1.0-r0", "tool"]\n')
    done = [v.name.partition("] ")[2] for v in more.build.executed if v.name.startswith("[")]
    assert "apk: hello=1.0-r0, tool" in done
    assert not {"apk: hello=1.0-r0", "apk: tool", "member: core", "virtual environment"} & {*done}
    listed = image.engine.run(more.name, "cat", "/lib/apk/db/installed").stdout
    assert listed == "P:hello V:1.0-r0 cached\nP:tool V:1.0-r0 cached\n"


def test_the_page(build: Callable[..., Image], alpine: str) -> None:
    (body,) = bodies("alpine")
    image = build(body, instead(alpine))
    assert image.look()["uid"] == 65532
    assert image.engine.run(image.name, "cat", "/etc/apk/world").stdout == "libpq\n"


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("nothing", "nothing (no such package): required by: world[nothing]"),
        ("hello=9", "hello-1.1-r0: breaks: world[hello=9]"),
    ],
)
def test_what_the_distribution_does_not_have(
    site: Workspace, docker28: Engine, alpine: str, wish: str, said: str
) -> None:
    text = f'# syntax=org/uv-frontend\npackage = "api"\nbase = "{alpine}"\napk = ["{wish}"]\n'
    shown = fail(docker28, site.write("Dockerfile", text).folder)
    title = "packages of apk cannot be installed: ERROR: unable to select packages:"
    assert shown.title == f"{title} {said}"
    assert shown.where == f'Dockerfile:4\napk = ["{wish}"]'
    assert "apt-snapshot" not in shown.remedy
