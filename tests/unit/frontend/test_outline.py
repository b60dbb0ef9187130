"""What steps take from outside is read from their graph."""

from __future__ import annotations

import llb
from frontend.calls.outline import Outside, taken


def test_every_step_behind_a_filesystem_counts() -> None:
    repository = llb.git("https://git.example/team/one", auth_token_secret="TOKEN.git.example")
    first = llb.run(
        ["make"],
        mounts=[
            llb.Writable("/", llb.SCRATCH),
            llb.Bind("/source", repository),
            llb.Bind("/other", llb.git("ssh://git@git.example/two", ssh_id="deploy")),
            llb.Secret("/netrc", "netrc", optional=True),
            llb.Secret("/key", "key", optional=True),
            llb.Ssh("/agent", "default", optional=True),
            llb.Cache("/cache", "/uv"),
        ],
    )
    second = llb.run(
        ["make"],
        mounts=[llb.Writable("/", first.output("/")), llb.Secret("/key", "key")],
        secret_env=[llb.SecretEnv("PASSWORD", "password", optional=True)],
    )
    found = taken([second.output("/"), first.output("/")])
    secrets = {"netrc": False, "key": True, "password": False, "TOKEN.git.example": False}
    secrets["GIT_AUTH_HEADER"] = False
    assert found == Outside(secrets, {"default": False, "deploy": False}, {"/uv": False})


def test_nothing_is_taken() -> None:
    step = llb.run(["true"], mounts=[llb.Writable("/", llb.SCRATCH)])
    assert taken([step.output("/")]) == Outside()
