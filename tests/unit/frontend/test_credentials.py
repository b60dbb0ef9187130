"""Which secrets a step may see, and what `steps/access.py` makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import llb
from frontend.container.secrets import mounts
from frontend.model.layers import Kind, PackagesLayer
from frontend.model.packages import LockedPackage
from tests.unit.frontend.conftest import load_steps

if TYPE_CHECKING:
    from pathlib import Path

ALWAYS = {"UV_DEFAULT_INDEX", "UV_INDEX", "HTTP_PROXY", "HTTPS_PROXY", "netrc"}


def seen(source: dict[str, str], settings: dict[str, Any] | None = None) -> set[str]:
    """The secrets of a layer with one package; the agent counts as one, too."""
    layer = PackagesLayer(Kind.PACKAGES, (LockedPackage("tool", "1", {"source": source}),))
    found = mounts(settings or {}, layer)
    assert all(isinstance(each, llb.Secret | llb.Ssh) and each.optional for each in found)
    names = {each.id for each in found if isinstance(each, llb.Secret)}
    return names | {"agent" for each in found if isinstance(each, llb.Ssh)}


def test_packages_of_a_public_index() -> None:
    assert seen({"registry": "https://index.example/simple"}) == ALWAYS


def test_packages_of_a_named_index() -> None:
    url = "https://corp.index.example/simple"
    found = seen({"registry": url}, {"index": [{"name": "corp-index", "url": url}]})
    parts = {f"UV_INDEX_CORP_INDEX{part}" for part in ("", "_USERNAME", "_PASSWORD")}
    assert found == ALWAYS | parts


def test_git_by_ssh_needs_the_agent_and_no_token() -> None:
    assert seen({"git": "ssh://git@git.example/tool#1234"}) == ALWAYS | {"known_hosts", "agent"}


def test_git_by_https_needs_a_token_for_its_host_and_no_agent() -> None:
    names = ("GIT_AUTH_TOKEN", "GIT_AUTH_HEADER")
    found = seen({"git": "https://git.example:8443/tool?rev=main#1234"})
    assert found == ALWAYS | {f"{n}{h}" for n in names for h in ("", ".git.example:8443")}


# --- in the step -----------------------------------------------------------------------------


@pytest.fixture
def step(tmp_path: Path) -> Any:
    steps = load_steps("uv_run")
    steps["places"].ROOT = str(tmp_path)
    (tmp_path / "secrets").mkdir()
    return steps["access"]


def test_no_secrets(step: Any) -> None:
    assert step.given() == {}
    assert list(step.credentials({}, {})) == ["GIT_SSH_COMMAND"]


def test_a_mount_point_left_empty_is_no_secret(step: Any, tmp_path: Path) -> None:
    (tmp_path / "secrets/UV_INDEX").touch()
    (tmp_path / "secrets/HTTP_PROXY").write_text("http://proxy.example\n")
    assert step.given() == {"HTTP_PROXY": "http://proxy.example"}


@pytest.mark.parametrize(
    ("address", "user", "password"),
    [
        ("https://courier:s3cret@corp.example/simple", "courier", "s3cret"),
        ("https://courier:a%2Fb%40c@corp.example/simple", "courier", "a/b@c"),
        ("https://t0ken@corp.example/simple", "t0ken", ""),
    ],
)
def test_user_and_password_of_an_address(step: Any, address: str, user: str, password: str) -> None:
    found = step.credentials({"UV_INDEX_CORP": address}, {})
    assert found["UV_INDEX_CORP_USERNAME"] == user
    assert found["UV_INDEX_CORP_PASSWORD"] == password


def test_an_address_without_a_user_says_nothing(step: Any) -> None:
    assert "UV_INDEX_CORP_USERNAME" not in step.credentials({"UV_INDEX_CORP": "https://c.ex"}, {})


def test_servers_must_be_known(step: Any) -> None:
    assert "StrictHostKeyChecking=yes" in step.ssh(known=False, env={})["GIT_SSH_COMMAND"]
    assert "known_hosts" in step.ssh(known=True, env={})["GIT_SSH_COMMAND"]
    assert step.ssh(known=True, env={"GIT_SSH_COMMAND": "mine"}) == {}


def test_what_must_not_be_printed(step: Any) -> None:
    secrets = {
        "GIT_AUTH_HEADER": "Bearer header-t0ken",
        "UV_INDEX_CORP": "https://alone-t0ken@corp.example/simple",
        "UV_INDEX_CORP_USERNAME": "courier",
        "UV_INDEX_GPU": "https://courier:s3cret%21@gpu.example/simple",
        "known_hosts": "git.example ssh-ed25519 AAAA",
        "netrc": "machine a.example login courier password of-netrc\n",
    }
    found = step.hidden(secrets)
    assert set(found) == {
        "Bearer header-t0ken",
        "header-t0ken",
        "alone-t0ken",
        "s3cret%21",
        "s3cret!",
        "of-netrc",
    }
    assert found == sorted(found, key=len, reverse=True)


def test_something_short_protects_nothing(step: Any) -> None:
    assert step.hidden({"UV_INDEX_CORP_PASSWORD": "abc"}) == []


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Host key verification failed.", "git-host"),
        ("git@git.example: Permission denied (publickey).", "git-access"),
        ("fatal: could not read Username for 'https://git.example'", "git-access"),
        ("error: cannot run ssh: No such file or directory", "git-ssh"),
        ("fatal: unable to access: SSL certificate problem: self-signed", "certificate"),
        ("ssh: connect to host git.example port 22: Connection refused", "network"),
        ("fatal: bad object", "other"),
    ],
)
def test_why_git_failed(step: Any, said: str, kind: str) -> None:
    output = (
        "error: Failed to download and build `tool @ git+ssh://git@git.example/tool`\n"
        f"  cause: Git operation failed\n--- stderr\n{said}\n"
    )
    found = load_steps("uv_run")["uv_run"].classify(output)
    assert (found["kind"], found["package"]) == (kind, "tool")
    assert found["detail"] == "ssh://git@git.example/tool"
