"""The target `test`: runs the package's tests in its image for development.

Red tests fail the build. Green ones leave what they have put into $TEST_RESULTS, and all that they
printed: a filesystem of a few files, for `--output`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import llb
from frontend.container.paths import LAYER, ROOT
from frontend.container.scripts import steps
from frontend.emit.step import Step, report_name
from frontend.errors import FrontendError
from frontend.model.layers import Kind, Layer
from frontend.targets import dev, wheels
from frontend.targets.result import TargetResult

if TYPE_CHECKING:
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.resolve.platform import ResolvedPlatform


#: What runs where the spec has no `test` and the package depends on pytest.
PYTEST = ("pytest", f"--junit-xml={LAYER}/junit.xml")


def select(gateway: Gateway, inputs: BuildInputs) -> BuildInputs:
    """Take what the target `dev` takes."""
    return dev.select(gateway, inputs)


def make(resolved: ResolvedPlatform) -> TargetResult:
    """Run the tests in the package's directory, as root; the result is what they leave."""
    inputs = resolved.inputs
    tested = dev.make(resolved)
    run = json.loads(tested.config)["config"]
    env = dict(item.split("=", 1) for item in run["Env"])
    command = choose(resolved)
    report = report_name(resolved.builder, "test", inputs.package.name, *command)
    # Of another platform as well: tests run what the image runs.
    output = replace(resolved.builder, platform=resolved.platform).execute(
        [resolved.target.path, "-I", "-S", "-B", f"{ROOT}/steps/test.py", report, *command],
        name=f"[{resolved.prefix}test] {' '.join(command)}",
        env=env,
        cwd=run["WorkingDir"],
        mounts=[
            llb.Writable("/", tested.filesystem),
            llb.Bind(f"{ROOT}/steps", steps("test")),
            resolved.builder.reports(),
        ],
        ignore_cache=inputs.request.unwanted({"test"}),
    )
    step = Step(Layer(Kind.TEST, members=(inputs.package,)), output, report)
    return TargetResult(output, wheels.files_config(resolved.platform), (*tested.steps, step))


def choose(resolved: ResolvedPlatform) -> tuple[str, ...]:
    """Return the command: the spec's, else pytest; FrontendError where there is neither."""
    inputs = resolved.inputs
    if inputs.settings.spec.test:
        return inputs.settings.spec.test
    if any(package.name == "pytest" for package in resolved.closure.third_party):
        return PYTEST
    raise FrontendError(
        f"there is no way known to test package {inputs.package.name!r}",
        remedy="Add pytest to its dependency group `dev` and lock, or set `test` to the command.",
        places=(inputs.workspace.manifest(inputs.package).place("dependency-groups"),),
    )
