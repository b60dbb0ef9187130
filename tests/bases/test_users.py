"""Who the container runs as, and what that user may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bases.conftest import Image
    from tests.engine import Engine


def test_a_user_that_the_base_lacks_is_created(build: Callable[..., Image], engine: Engine) -> None:
    image = build('user = "nonroot"\n', engine=engine)
    seen = image.look("/home/nonroot", "/etc/passwd", "/etc")
    assert (seen["uid"], seen["gid"], seen["home"]) == (65532, 65532, "/home/nonroot")
    assert seen["files"] == {
        "/home/nonroot": [65532, 65532, "0o755"],
        "/etc/passwd": [0, 0, "0o644"],
        "/etc": [0, 0, "0o755"],
    }
    names = "import pwd, grp; print(pwd.getpwuid(65532).pw_name, grp.getgrgid(65532).gr_name)"
    assert image.python("-c", names).split() == ["nonroot", "nonroot"]
    # What was there before is there still.
    assert image.python("-c", "import pwd; print(pwd.getpwnam('root').pw_dir)") == "/root\n"
    # Kubernetes can tell that this is not root only from a number.
    assert image.config["User"] == "65532"
    assert "user nonroot (65532:65532)" in image.history


def test_a_user_that_the_base_has(build: Callable[..., Image]) -> None:
    image = build('user = "www-data"\n')
    assert image.look()["uid"] == 33
    assert not [line for line in image.history if line.startswith("user ")]


@pytest.fixture
def plain(build: Callable[..., Image]) -> Image:
    return build('user = "1000"\n')


def test_any_user_can_run_it_on_a_read_only_file_system(plain: Image) -> None:
    assert plain.config["User"] == "1000"
    for user in ("1000", "1234567:0", "65532:65532", "0:0"):
        options = ("--read-only", "--cap-drop=ALL", "--user", user)
        seen = plain.look("/app", "/app/.venv/bin/python", options=options)
        assert seen["uid"] == int(user.partition(":")[0])
    # All that is added can be read by its group, which is root's: OpenShift's users are in it.
    script = (
        "import os; print([p for d, _, fs in os.walk('/app') for f in fs for p in [f'{d}/{f}'] "
        "if not os.path.islink(p) and os.stat(p).st_mode & 0o044 != 0o044 or os.stat(p).st_gid])"
    )
    assert plain.python("-c", script) == "[]\n"


def test_files_of_another_owner(build: Callable[..., Image]) -> None:
    image = build('user = "1000:1000"\nowner = "1000:0"\n')
    seen = image.look("/app", "/app/main.py", "/app/.venv/pyvenv.cfg")
    assert {(uid, gid) for uid, gid, _ in seen["files"].values()} == {(1000, 0)}
    image.python("-c", "open('/app/state', 'w')")
