"""A workspace whose packages come from an index of the tests' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.errors.index import Index, serve
from tests.errors.workspaces import SOURCES, Workspace, workspace

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def index() -> Iterator[Index]:
    with serve(account="courier:s3cret") as served:
        served.wheel("greeting", metadata="License-Expression: MIT\nRequires-Dist: words\n")
        served.wheel("words", "2.1", metadata="License: whatever you like\n")
        served.sdist("phrases", BACKEND)
        yield served


BACKEND = """\
    import zipfile
    from pathlib import Path

    NAME = "phrases-1.0"


    def build_wheel(folder, config_settings=None, metadata_directory=None):
        with zipfile.ZipFile(Path(folder, f"{NAME}-py3-none-any.whl"), "w") as wheel:
            wheel.writestr("phrases.py", "")
            text = "Metadata-Version: 2.1\\nName: phrases\\nVersion: 1.0\\nLicense: ISC\\n"
            wheel.writestr(f"{NAME}.dist-info/METADATA", text)
            wheel.writestr(f"{NAME}.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
            wheel.writestr(f"{NAME}.dist-info/RECORD", "")
        return f"{NAME}-py3-none-any.whl"
    """


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, index: Index) -> Workspace:
    """The service `api`, with the member `core`, which needs what is in the index."""
    found = workspace(tmp_path_factory.mktemp("shop")).library("core")
    declared = f'\n    [[tool.uv.index]]\n    name = "corp"\n    url = "{index.url}/simple"\n'
    found.write("pyproject.toml", SOURCES + declared + "    default = true\n")
    found.replace(
        "libs/core/pyproject.toml",
        'requires-python = ">=3.11"\n',
        'requires-python = ">=3.11"\ndependencies = ["greeting", "phrases"]\n',
    )
    found.service("api", 'dependencies = ["core"]\nlicense = "Apache-2.0"\n')
    return found.lock(*index.locking)
