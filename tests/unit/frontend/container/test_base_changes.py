"""How the base's own file system is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import llb
from frontend.container.base_changes import change_base
from frontend.container.paths import OWN
from frontend.model.accounts import Created
from frontend.model.base_changes import CreateUser, RemovePath, ReplaceDistributions, SystemPackages
from frontend.request import ExecOptions
from llb.pb import ops_pb2
from tests.unit.frontend.environments import (
    AMD64,
    PLAIN,
    metadata,
    mounted,
    mounts,
    operation,
    step_image,
    variables,
    writer,
    written,
)

if TYPE_CHECKING:
    from frontend.model.base_changes import BaseChange

ROOTFS = llb.image("docker.io/library/debian:13", platform=AMD64)
WHEN = 315532800 * 10**9


def change(change: BaseChange, options: ExecOptions = PLAIN) -> llb.Output:
    return change_base(change, ROOTFS, step_image(), writer(options), "the line")


def test_a_path_is_removed_by_a_file_operation() -> None:
    step = change(RemovePath("/app/.venv"))

    (action,) = operation(step).file.actions
    assert action.rm.path == "/app/.venv"
    assert not action.rm.allowNotFound
    assert metadata(step).description["llb.customname"] == "the line"
    assert operation(step).inputs[0].digest == ROOTFS.digest


def test_a_user_is_created_by_files_alone() -> None:
    user = Created("app", 1000, 100, "/home/app", "passwd\n", "group\n")
    step = change(CreateUser(user))

    assert written(step) == {"/etc/passwd": b"passwd\n", "/etc/group": b"group\n"}
    folders = {a.mkdir.path: a.mkdir for a in operation(step).file.actions if a.HasField("mkdir")}
    assert list(folders) == ["/etc", "/home", "/home/app"]
    assert all(folder.makeParents for folder in folders.values())
    home = folders["/home/app"]
    assert (home.mode, home.owner.user.byID, home.owner.group.byID) == (0o755, 1000, 100)
    assert not folders["/home"].HasField("owner")
    times = {
        getattr(action, action.WhichOneof("action") or "").timestamp
        for action in operation(step).file.actions
    }
    assert times == {WHEN}


def test_a_group_has_neither_home_nor_user() -> None:
    step = change(CreateUser(Created("app", 0, 100, "", "passwd\n", "group\n")))

    assert written(step) == {"/etc/group": b"group\n"}
    assert [a.mkdir.path for a in operation(step).file.actions if a.HasField("mkdir")] == ["/etc"]


def test_distributions_are_removed_by_their_own_python() -> None:
    packages = (("pip", "25.0"), ("wheel", "0.45"))
    step = change(ReplaceDistributions(packages, "/usr/bin/python3"))

    assert list(operation(step).exec.meta.args) == [
        "/usr/bin/python3",
        "-I",
        "-B",
        f"{OWN}/files/replaced.py",
        "pip",
        "wheel",
    ]
    assert mounted(step, "/") == ROOTFS
    assert set(mounts(step)) == {"/", "/tmp", f"{OWN}/files"}
    assert "/replaced.py" in written(mounted(step, f"{OWN}/files"))


APT = SystemPackages("apt", "apt", ("libgl1", "libpq5=17"), "debian-13")


def test_system_packages_are_installed_in_the_root_itself() -> None:
    step = change(APT)

    assert list(operation(step).exec.meta.args) == [
        "/bin/sh",
        f"{OWN}/files/system.sh",
        "apt",
        APT.report,
        "libgl1",
        "libpq5=17",
    ]
    assert variables(step)["SOURCE_DATE_EPOCH"] == "315532800"
    assert variables(step)["DEBIAN_FRONTEND"] == "noninteractive"
    assert mounted(step, "/") == ROOTFS
    assert set(written(mounted(step, f"{OWN}/files"))) == {"/system.sh"}


def test_nothing_is_mounted_where_it_would_stay_in_the_image() -> None:
    places = set(mounts(change(APT))) - {"/"}

    assert all(place.startswith(("/dev/", "/tmp")) for place in places)


def test_two_package_managers_do_not_write_to_one_cache() -> None:
    lists = mounts(change(APT, ExecOptions(cache_namespace="team")))[f"{OWN}/cache"]

    assert lists.cacheOpt.sharing == ops_pb2.LOCKED
    assert lists.cacheOpt.ID == "team/uv-frontend-apt-debian-13-amd64"


def test_sources_of_the_user_stand_beside_the_script() -> None:
    sources = SystemPackages("apt", "apt", ("libgl1",), "debian-13", "deb https://x y z\n")

    files = written(mounted(change(sources), f"{OWN}/files"))

    assert files["/sources.list"] == b"deb https://x y z\n"


def test_system_packages_have_the_limits_of_the_build() -> None:
    options = ExecOptions(shm_size=1 << 20, resources=llb.LinuxResources(memory=1 << 30))
    step = change(APT, options)

    assert mounts(step)["/dev/shm"].TmpfsOpt.size == 1 << 20
    assert metadata(step).linux_resources.memory == 1 << 30
