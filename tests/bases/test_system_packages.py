"""Packages of the distribution, in the image and in the builder, from Debian itself."""

from __future__ import annotations

import json
import lzma
import platform
from textwrap import dedent
from typing import TYPE_CHECKING

from tests.bases.images import DISTROLESS
from tests.engine import debian
from tests.engine.base_image import ARCHITECTURES
from tests.errors.index import REACH
from tests.errors.shown import fail
from tests.errors.workspaces import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bases.archive import Archive
    from tests.bases.conftest import Image
    from tests.conftest import Engines
    from tests.engine import Engine
    from tests.errors.workspaces import Workspace

#: A library with a maintainer script and dependencies, and a program that adds a user.
WANTED = ("libxml2", "cron-daemon-common")
#: The archive's index of packages, as the mirror has it.
INDEX = "dists/trixie/main/binary-{}/Packages.xz"
#: Everything below a folder, and what it is.
WALK = """\
import hashlib, json, os
found = {}
for top in ("/etc", "/usr", "/var", "/home", "/opt", "/root", "/srv"):
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            regular = os.path.isfile(path) and not os.path.islink(path)
            content = hashlib.sha256(open(path, "rb").read()).hexdigest() if regular else ""
            found[path] = [oct(info.st_mode), info.st_uid, info.st_gid, int(info.st_mtime), content]
print(json.dumps(found))
"""


def body(snapshot: Archive, *packages: str, key: str = "apt") -> str:
    """Keys for packages of one day."""
    mirror = f"{snapshot.url}/debian/{{snapshot}}"
    return f'{key} = {json.dumps(packages)}\napt-snapshot = "2026-11-01"\napt-mirror = "{mirror}"\n'


def test_packages_in_the_image(
    build: Callable[..., Image], engine: Engine, snapshot: Archive
) -> None:
    image = build(body(snapshot, *WANTED), REACH, engine=engine)
    # The newest layer but for those of Python's, and so below everything else.
    history = image.history
    title = f"apt: {', '.join(sorted(WANTED))}"
    assert history.index(title) == history.index("virtual environment") + 1
    image.python("-c", "import ctypes; ctypes.CDLL('libxml2.so.2')")
    asked = [path for path in snapshot.asked if path.startswith("/debian/20261101T000000Z/dists/")]
    assert asked
    now = json.loads(image.python("-c", WALK))
    before = json.loads(engine.run("python:3.13-slim", "python3", "-c", WALK).stdout)
    added = now.keys() - before.keys()
    assert any("libxml2.so" in path for path in added)
    # Nothing of the moment, and nothing that was only needed to install.
    for left in ("/var/lib/apt/lists/", "/var/cache/apt/", "/var/cache/ldconfig/", "/var/log/apt"):
        assert [path for path in added if path.startswith(left)] == []
    for path in ("/var/log/dpkg.log", "/var/log/alternatives.log", "/etc/machine-id"):
        assert now.get(path) == before.get(path)


def test_two_engines_make_the_same_layer(
    site: Workspace, engines: Engines, docker28: Engine, snapshot: Archive
) -> None:
    """They share neither cache nor downloads."""
    dockerfile = f'# syntax=org/uv-frontend\npackage = "api"\n{body(snapshot, *WANTED)}'
    site.write("Dockerfile", dockerfile)
    layers = []
    with engines.another("docker28", "apt") as other:
        for each in (docker28, other):
            each.build(site.folder, REACH, tag="uv-frontend-test/apt")
            found = each.docker("image", "inspect", "uv-frontend-test/apt").stdout
            layers.append(json.loads(found)[0]["RootFS"]["Layers"])
    docker28.docker("rmi", "--force", "uv-frontend-test/apt", check=False)
    assert layers[0] == layers[1]


def test_a_version_is_installed_and_stays(
    site: Workspace, build: Callable[..., Image], snapshot: Archive
) -> None:
    """The version is the archive's; another dependency and another edit don't install it again."""
    machine = platform.machine()
    index = snapshot.get(INDEX.format(ARCHITECTURES.get(machine, machine)))
    assert index
    version = debian.version(lzma.decompress(index).decode(), "cron-daemon-common")
    keys = body(snapshot, f"cron-daemon-common={version}")
    first = build(keys, REACH)
    asked = ["dpkg-query", "--show", "--showformat=${Version}", "cron-daemon-common"]
    assert first.engine.run(first.name, *asked).stdout == version
    site.library("more")
    site.write("pyproject.toml", dedent(SOURCES) + "more = { workspace = true }\n")
    manifest = site.folder / "services/api/pyproject.toml"
    manifest.write_text(manifest.read_text().replace('["core"]', '["core", "more"]'))
    site.lock()
    second = build(keys, REACH)
    done = [v.name.partition("] ")[2] for v in second.build.executed if v.name.startswith("[")]
    assert "member: more" in done
    assert [name for name in done if name.startswith(("apt: ", "virtual", "member: core"))] == []


def test_hermetic_builds_download_none(site: Workspace, docker28: Engine) -> None:
    text = '# syntax=org/uv-frontend\npackage = "api"\napt = ["libxml2"]\nhermetic = true\n'
    shown = fail(docker28, site.write("Dockerfile", text).folder)
    assert shown.title == (
        "a hermetic build cannot install packages of apt, which apt-get downloads"
    )
    assert shown.where == 'Dockerfile:3\napt = ["libxml2"]'


def test_packages_in_the_builder(build: Callable[..., Image], site: Workspace) -> None:
    """They are there when a member is built, and not in the image."""
    backend = (site.folder / "libs/core/backend.py").read_text()
    site.write(
        "libs/core/backend.py",
        f'import subprocess\nsubprocess.run(["make", "--version"], check=True)\n{backend}',
    )
    image = build('build-apt = ["make"]\n')
    assert image.look()["core"]
    assert image.python("-c", "import shutil; print(shutil.which('make'))") == "None\n"
    assert not [line for line in image.history if "make" in line]


def test_no_such_package(site: Workspace, engine: Engine, snapshot: Archive) -> None:
    site.write("Dockerfile", '# syntax=org/uv-frontend\npackage = "api"\napt = ["libnothing99"]\n')
    shown = fail(engine, site.folder, f"--build-arg=apt-mirror={snapshot.url}/debian/now", REACH)
    assert shown.title == (
        "packages of apt cannot be installed: E: Unable to locate package libnothing99"
    )
    assert shown.where == 'Dockerfile:3\napt = ["libnothing99"]'


def test_no_such_version(site: Workspace, docker28: Engine, snapshot: Archive) -> None:
    text = '# syntax=org/uv-frontend\npackage = "api"\nbuild-apt = ["make=99"]\n'
    site.write("Dockerfile", text)
    shown = fail(docker28, site.folder, f"--build-arg=apt-mirror={snapshot.url}/debian/now", REACH)
    assert shown.title == (
        "packages of build-apt cannot be installed: E: Version '99' for 'make' was not found"
    )
    assert shown.where == 'Dockerfile:3\nbuild-apt = ["make=99"]'


def test_no_package_manager(
    site: Workspace, docker28: Engine, based: Callable[[str, str], str]
) -> None:
    base = based("distroless", DISTROLESS)
    text = f'# syntax=org/uv-frontend\npackage = "api"\nbase = "{base}"\napt = ["libxml2"]\n'
    shown = fail(docker28, site.write("Dockerfile", text).folder)
    assert shown.title == f"{base} has no apt-get, and apt names packages for it"
    assert shown.where == 'Dockerfile:4\napt = ["libxml2"]'


def test_another_package_manager(site: Workspace, docker28: Engine) -> None:
    text = '# syntax=org/uv-frontend\npackage = "api"\napk = ["libxml2"]\n'
    shown = fail(docker28, site.write("Dockerfile", text).folder)
    assert shown.title == "python:3.13-slim has no apk, and apk names packages for it"
    assert shown.remedy == "This image has apt-get: name its packages with `apt`."
