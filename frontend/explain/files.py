"""Digests of the files that an image has from the build context, made by one step on the engine.

The files are those that the build's own steps take, so that nothing is sent for it that would not
be sent anyway. The step is keyed by their contents: it runs where one of them changed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import llb
from frontend.container.paths import LAYER, ROOT
from frontend.explain.record import FILE, Tree, record, with_files
from frontend.resolve.frontend_image import frontend_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontend.emit.step import Step
    from frontend.explain.record import Record, Trees
    from frontend.gateway import Gateway
    from frontend.resolve.platform import ResolvedPlatform
    from frontend.targets.result import TargetResult


_PYTHON = "/opt/uv-frontend/bin/python"
#: Of a package with more files than that only the digest of them all is told.
MOST = 10_000
#: Of a file its digest, of a program another one, of a link where it leads.
_LIST = f"""\
import hashlib, json, os
top, found = "{ROOT}/src", {{}}
for name in os.listdir(top):
    place, size, files = os.path.join(top, name), 0, {{}}
    for folder, folders, plain in os.walk(place):
        links = [each for each in folders if os.path.islink(os.path.join(folder, each))]
        for path in [os.path.join(folder, each) for each in plain + links]:
            if os.path.islink(path):
                said = hashlib.sha256(b"link " + os.fsencode(os.readlink(path)))
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    data = file.read()
                size += len(data)
                said = hashlib.sha256(data)
                if os.stat(path).st_mode & 0o111:
                    said = hashlib.sha256(b"program " + said.digest())
            else:
                continue
            files[os.path.relpath(path, place)] = said.hexdigest()
    whole = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    listed = files if len(files) <= {MOST} else None
    found[name] = {{"digest": whole, "size": size, "files": listed}}
with open("{LAYER}/files.json", "w") as file:
    json.dump(found, file, sort_keys=True)
"""


def complete_record(gateway: Gateway, resolved: ResolvedPlatform, result: TargetResult) -> Record:
    """Write down what an image is made from, with the digests of its files.

    The result is one with a plan, as its target made it. GatewayError where its files cannot be
    loaded.
    """
    request = resolved.inputs.request
    own = frontend_image(gateway, request)
    trees = read_trees(gateway, own, request.build_platform, result.steps)
    return with_files(record(resolved, result), trees)


def read_trees(
    gateway: Gateway, own: llb.Output, platform: llb.Platform, steps: Sequence[Step]
) -> Trees:
    """Let the engine hash what `steps` take: trees by the step's number and the name of the files.

    `own` is our image, whose Python does it on `platform`.
    """
    wanted = {
        f"{number}-{each.name}": (number, each)
        for number, step in enumerate(steps)
        for each in step.inputs
    }
    if not wanted:
        return {}
    step = llb.run(
        [_PYTHON, "-I", "-S", "-c", _LIST],
        mounts=[
            llb.Bind("/", own),
            llb.Writable(LAYER, llb.SCRATCH),
            *(llb.Bind(f"{ROOT}/src/{name}", each.output) for name, (_, each) in wanted.items()),
        ],
        network=llb.Network.NONE,
        platform=platform,
        meta=llb.Metadata(name="[internal] hash the files of the image's own packages"),
    )
    told = json.loads(gateway.solve(step.output(LAYER)).read_file("files.json"))
    found = {}
    for name, (number, each) in wanted.items():
        said = told[name]
        listed = said["files"]
        files = {path: digest[:FILE] for path, digest in listed.items()} if listed else listed
        found[number, each.name] = Tree(said["digest"], files, size=said["size"])
    return found
