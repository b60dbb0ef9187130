"""Build members otherwise than into the image: as wheels, or as links to their sources.

    member.py wheel REPORT DIRECTORY [...]          wheels into /layer, from below the sources
    member.py editable REPORT NAME DIRECTORY [...]  an environment that links to DIRECTORY, and
                                                    DIRECTORY itself

Runs beside `layer.py`, which says what a step is, where things are and how a step fails.
"""

import os
import shutil
import sys

# An isolated Python does not look beside its script.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import layer  # noqa: E402

#: Members that builds of others need: uv's cache may have them from before an edit.
HELPERS = os.environ.get("UV_FRONTEND_HELPERS", "").split()
#: What backends write beside the sources, and nothing needs that runs from there.
LEFTOVERS = shutil.ignore_patterns("*.egg-info", "__pycache__", ".git*")


def wheel(report, directories):
    command = ["build", "--wheel", "--no-create-gitignore", "--out-dir", layer.LAYER]
    for name in HELPERS:
        command += ["--refresh-package", name]
    constraints = layer.ROOT + "/lock/constraints.txt"
    if os.path.exists(constraints):
        command += ["--build-constraints", constraints]
    for directory in directories:
        layer.run_uv([*command, os.path.normpath(layer.SOURCES + "/" + directory)], report)


def editable(report, pairs):
    names, directories = pairs[::2], pairs[1::2]
    os.makedirs(layer.LAYER + "/app", exist_ok=True)
    before = {directory: set(os.listdir(directory)) for directory in directories}
    layer.packages(report, [*names, *HELPERS])
    for name, directory in zip(names, directories):
        # With what the build has put between the sources: extension modules, a version.
        made = {"build", "dist"} - before[directory]

        def ignore(folder, found, top=directory, made=made):
            return LEFTOVERS(folder, found) | (made & set(found) if folder == top else set())

        place = layer.LAYER + directory
        shutil.copytree(directory, place, symlinks=True, ignore=ignore, dirs_exist_ok=True)
        original = "%s/manifests/%s.toml" % (layer.ROOT, name)
        if os.path.exists(original):
            shutil.copyfile(original, place + "/pyproject.toml")


def main(arguments):
    os.umask(0o022)
    mode, report = arguments[:2]
    if os.path.exists(os.path.join(layer.REPORTS, report)):
        # Of an earlier build that ended before anybody asked.
        os.unlink(os.path.join(layer.REPORTS, report))
    {"wheel": wheel, "editable": editable}[mode](report, arguments[2:])
    if layer.OFFLINE:
        # As in layer.py: uv's cache lies beside what it makes.
        shutil.rmtree(os.environ["UV_CACHE_DIR"], ignore_errors=True)
    layer.settle()


if __name__ == "__main__":
    main(sys.argv[1:])
