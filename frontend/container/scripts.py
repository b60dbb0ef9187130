"""The scripts that steps run, as files to mount."""

from __future__ import annotations

import llb
from frontend.steps import needed
from frontend.steps import script as read_script


def steps(script: str) -> llb.Output:
    """A filesystem that holds one of our scripts, and those that it imports."""
    return llb.files(
        llb.SCRATCH,
        *(llb.Mkfile(f"/{name}.py", read_script(name), timestamp=0) for name in needed(script)),
        meta=llb.Metadata(name=f"[internal] step {script}"),
    )
