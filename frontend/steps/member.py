"""Build members otherwise than into the image: as wheels, or as links to their sources.

    member.py wheel REPORT DIRECTORY [...]          wheels into /layer, from below the sources
    member.py editable REPORT NAME DIRECTORY [...]  an environment that links to DIRECTORY, and
                                                    DIRECTORY itself

`places.py` says what a step is, where things are and how a step fails.
"""

import os
import shutil
import sys

# An isolated Python does not look beside its script.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import finish  # noqa: E402
import packages  # noqa: E402
import places  # noqa: E402
import uv_run  # noqa: E402

#: Members that builds of others need: uv's cache may have them from before an edit.
HELPERS = os.environ.get("UV_FRONTEND_HELPERS", "").split()
#: What backends write beside the sources, and nothing needs that runs from there.
LEFTOVERS = shutil.ignore_patterns("*.egg-info", "__pycache__", ".git*")


def wheel(report, directories):
    command = ["build", "--wheel", "--no-create-gitignore", "--out-dir", places.LAYER]
    for name in HELPERS:
        command += ["--refresh-package", name]
    constraints = places.ROOT + "/lock/constraints.txt"
    if os.path.exists(constraints):
        command += ["--build-constraints", constraints]
    for directory in directories:
        uv_run.run_uv([*command, os.path.normpath(places.SOURCES + "/" + directory)], report)


def editable(report, pairs):
    names, directories = pairs[::2], pairs[1::2]
    before = {directory: set(os.listdir(directory)) for directory in directories}
    packages.packages(report, [*names, *HELPERS])
    for name, directory in zip(names, directories):
        # With what the build has put between the sources: extension modules, a version.
        made = {"build", "dist"} - before[directory]

        def ignore(folder, found, top=directory, made=made):
            return LEFTOVERS(folder, found) | (made & set(found) if folder == top else set())

        place = places.LAYER + directory
        shutil.copytree(directory, place, symlinks=True, ignore=ignore, dirs_exist_ok=True)
        original = "%s/manifests/%s.toml" % (places.ROOT, name)
        if os.path.exists(original):
            shutil.copyfile(original, place + "/pyproject.toml")


def main(arguments):
    mode, report = arguments[:2]
    places.begin(report)
    {"wheel": wheel, "editable": editable}[mode](report, arguments[2:])
    finish.settle()


if __name__ == "__main__":
    main(sys.argv[1:])
