"""What is read of a built image for its bill of materials."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import llb
from frontend.gateway.failures import PathNotFoundError
from frontend.sbom.attach import attestations
from frontend.targets.result import TargetResult


def gateway(*capabilities: str) -> Any:
    known = llb.Capabilities.of(*capabilities)
    return SimpleNamespace(ping=lambda: SimpleNamespace(llb=known))


def resolved() -> Any:
    return SimpleNamespace(inputs=None)


def test_files_and_old_engines_have_no_bill() -> None:
    files = TargetResult(llb.image("docker.io/library/x"), cast("Any", None))
    image = cast("Any", None)
    known = gateway("exporter.image.attestations")
    assert attestations(known, resolved(), files, image) == ()
    layered = TargetResult(
        files.filesystem,
        cast("Any", None),
        plan=cast("Any", SimpleNamespace()),
        base_rootfs=files.filesystem,
    )
    assert attestations(gateway(), resolved(), layered, image) == ()


class Ref:
    """A filesystem of texts by path."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def read_file(self, path: str, limit: int | None = None) -> bytes:
        if path not in self.files:
            raise PathNotFoundError(path)
        return self.files[path].encode()[:limit]

    def read_dir(self, path: str, pattern: str = "") -> list[Any]:
        names = {
            name.removeprefix(f"{path}/").partition("/")[0]
            for name in self.files
            if name.startswith(f"{path}/")
        }
        if not names:
            raise PathNotFoundError(path)
        return [SimpleNamespace(name=name, is_file=True) for name in sorted(names)]


def test_what_an_image_says_of_itself() -> None:
    from frontend.sbom import attach

    folder = "/app/.venv/lib/python3.13/site-packages"
    ref = Ref(
        {
            "/usr/lib/os-release": "ID=debian\nVERSION_ID=13\n",
            "/var/lib/dpkg/status": "Package: libc6\nStatus: install ok installed\n"
            "Version: 2.41-12\nArchitecture: amd64\n",
            f"{folder}/idna-3.8.dist-info/METADATA": "Name: idna\nVersion: 3.8\n",
            f"{folder}/broken.dist-info/RECORD": "",
            f"{folder}/idna/__init__.py": "",
        }
    )
    together = SimpleNamespace(together=lambda *calls: tuple(call() for call in calls))
    installed = attach._installed(cast("Any", together), cast("Any", ref), folder)
    assert {name: item.version for name, item in installed.items()} == {"idna": "3.8"}
    assert attach._installed(cast("Any", together), cast("Any", ref), "/nowhere") == {}
    assert attach._distribution(cast("Any", ref)).id == "debian"
    (package,) = attach._system(cast("Any", ref))
    assert (package.name, package.version) == ("libc6", "2.41-12")
    assert attach._system(cast("Any", Ref({}))) == ()
