"""The target `test`: runs the package's tests in its image for development.

Red tests fail the build. Green ones leave what they have put into $TEST_RESULTS, and all that they
printed: a filesystem of a few files, for `--output`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import llb
from frontend.container.paths import LAYER, ROOT
from frontend.container.scripts import steps
from frontend.emit.image_config import ImageConfig
from frontend.emit.step import Step, report_name
from frontend.errors import FrontendError
from frontend.model.layers import Kind, MembersLayer
from frontend.targets import dev
from frontend.targets.result import TargetResult

if TYPE_CHECKING:
    from frontend.inputs.inputs import BuildInputs
    from frontend.resolve.platform import ResolvedPlatform


#: What runs where the spec has no `test` and the package depends on pytest.
PYTEST = ("pytest", f"--junit-xml={LAYER}/junit.xml")


def select(inputs: BuildInputs) -> BuildInputs:
    """Take what the target `dev` takes."""
    return dev.select(inputs)


def make(resolved: ResolvedPlatform) -> TargetResult:
    """Run the tests in the package's directory, as root; the result is what they leave."""
    inputs = resolved.inputs
    tested = dev.make(resolved)
    command = choose(resolved)
    env, writer = resolved.environment, resolved.writer
    report = report_name(env, "test", inputs.package.name, *command)
    output = writer.execute(
        # Of another platform as well: tests run what the image runs.
        resolved.platform,
        [
            resolved.base.interpreter.path,
            *("-I", "-S", "-B", f"{ROOT}/steps/test.py"),
            report,
            *command,
        ],
        name=f"[{resolved.progress_prefix}test] {' '.join(command)}",
        variables=tested.config.env,
        cwd=tested.config.working_dir,
        mounts=[
            llb.Writable(LAYER, llb.SCRATCH),
            llb.Writable("/", tested.filesystem),
            llb.Bind(f"{ROOT}/steps", steps("test")),
            writer.reports(),
        ],
        output=LAYER,
        ignore_cache=writer.options.ignores_cache_for({"test"}),
    )
    step = Step(MembersLayer((inputs.package,), Kind.TEST), output, report)
    config = ImageConfig(resolved.platform)
    return TargetResult(output, config, (*tested.steps, step), tested.builder_steps)


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
