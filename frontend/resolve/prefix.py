"""Installing into the base's own Python, and not into an environment: the key `venv`.

Every layer is made as always, in an environment of its own, and moved to the folders of the base's
Python at the end of its step (`steps/relocation.py`). What the base has stays, but for packages of
which the lock has another version: those are removed first, as uv would.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

import llb
from frontend.container.paths import LAYER, ROOT
from frontend.container.scripts import steps
from frontend.errors import FrontendError
from frontend.model.base import Prefix
from frontend.model.base_changes import ReplaceDistributions
from frontend.resolve.probe import probe

if TYPE_CHECKING:
    from frontend.container.environment import BuildEnvironment
    from frontend.container.writer import StepWriter
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.model.packages import Closure


def probe_prefix(
    gateway: Gateway, writer: StepWriter, inputs: BuildInputs, base_env: BuildEnvironment
) -> Prefix:
    """Ask the base's Python, in `base_env`; FrontendError where its prefix is another."""
    name, python = base_env.image.name, base_env.interpreter.path
    step = writer.run(
        base_env,
        # Not without site, which tells a Python that it is in an environment.
        [python, "-I", f"{ROOT}/steps/prefix.py", f"{LAYER}/prefix.json"],
        name=f"[internal] look where {name} has packages",
        mounts=[llb.Bind(f"{ROOT}/steps", steps("prefix"))],
        network=False,
    )
    report = probe(gateway, step, "/prefix.json", name)
    wanted = posixpath.normpath(inputs.settings.spec.venv or "")
    if wanted not in report["prefixes"]:
        raise FrontendError(
            f"{name} has no Python whose prefix is {wanted}",
            remedy=f"That of its Python is {' or '.join(report['prefixes'])}. Without `venv` there "
            "is an environment in /app/.venv.",
            places=inputs.settings.origin("venv"),
        )
    distributions = report["distributions"].items()
    installed = {key: (version, listed) for key, (version, listed) in distributions}
    return Prefix(python, report["packages"], report["scripts"], report["data"], installed)


def reconcile(
    inputs: BuildInputs, base: str, prefix: Prefix, closure: Closure
) -> tuple[Closure, ReplaceDistributions | None]:
    """Leave out what the base has in the lock's version, and say what is to be replaced.

    FrontendError for a package that cannot be: nobody knows which files are its own.
    """
    same, other = set(), []
    wanted = {p.name: p.version for p in closure.third_party}
    # Members are always installed anew, whatever their version is.
    wanted |= {local.name: "" for local in closure.local if not local.virtual}
    for name, locked in sorted(wanted.items()):
        there, listed = prefix.distributions.get(name, ("", True))
        if there and there == locked:
            same.add(name)
        elif there and not listed:
            raise FrontendError(
                f"{base} has {name} {there} without a list of its files, so another version cannot "
                "take its place",
                remedy="Name it in `provided` to use the base's, or leave out `venv`.",
                places=inputs.settings.origin("venv"),
            )
        elif there:
            other.append((name, there))
    left = replace(closure, third_party=tuple(p for p in closure.third_party if p.name not in same))
    return left, ReplaceDistributions(tuple(other), prefix.interpreter) if other else None
