"""Scripts that run inside the user's containers; they import nothing but the standard library.

They must work on every Python that uv can install for (3.8 and later). BuildKit keys a step by the
bytes of its script and of what that imports, so an edit here rebuilds layers once: keep them small
and settled.

```
skeleton, packages, files, stdlib    write a layer of the image
member                               members as wheels, or as links to their sources
test, check, report                  run tests and checks; bring the reports of failed steps
probe, foreign, prefix, provided     say what a base has
python, replaced                     a Python of uv's; distributions that a layer replaces
places, uv_run, finish, …            what those import
```
"""

import re
from functools import cache
from importlib.resources import files

_FOLDER = files(__name__)
_IMPORT = re.compile(r"^import (\w+)\b", re.MULTILINE)


@cache
def script(name: str) -> bytes:
    """Return the bytes of the script `name` (`packages`, `probe`, …) as they enter a build."""
    return _FOLDER.joinpath(f"{name}.py").read_bytes()


@cache
def needed(name: str) -> tuple[str, ...]:
    """Return the names of a script and of those that it imports, directly or not."""
    found: set[str] = set()
    left = [name]
    while left:
        current = left.pop()
        if current not in found:
            found.add(current)
            imported = _IMPORT.findall(script(current).decode())
            left += [each for each in imported if _FOLDER.joinpath(f"{each}.py").is_file()]
    return tuple(sorted(found))


def every() -> tuple[str, ...]:
    """Return the names of all scripts in alphabetical order."""
    names = (path.name for path in _FOLDER.iterdir() if path.name.endswith(".py"))
    return tuple(sorted(name[: -len(".py")] for name in names if name != "__init__.py"))
