"""A Python that uv installs, for bases without a suitable one: a layer of its own.

The build is pinned: `uv python list` of the uv in our own image names the newest release that fits,
which changes with that image alone. It stands at one path whatever its patch version is.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

import llb
from frontend.container.paths import CA_SECRET, MANAGED_PYTHON, ROOT
from frontend.container.scripts import steps
from frontend.errors import FrontendError
from frontend.gateway import GatewayError
from frontend.model.distribution import Distribution
from frontend.model.interpreter import Interpreter
from frontend.model.layers import Kind
from frontend.model.uv import UV_VERSION
from frontend.resolve.export import uv_binary
from frontend.resolve.probe import probe, probe_image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.container.environment import StepImage
    from frontend.container.writer import StepWriter
    from frontend.context import Context
    from frontend.errors import Location
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs


@dataclass(frozen=True)
class Managed:
    """What is installed, and where it comes from.

    `version` is complete (`3.13.5`) unless the list of downloads, or uv, is the user's own, which
    then decides. `mirror` and `downloads` are uv's `python-install-mirror` and
    `python-downloads-json-url`; what is no URL is a folder, or a file, of the build context.
    """

    version: str
    mirror: str = ""
    downloads: str = ""


def choose(
    inputs: BuildInputs,
    request: str,
    preferred: str,
    places: tuple[Location, ...],
    uv: str = UV_VERSION,
) -> Managed:
    """Pin what fits `request` (`3.13`, `3.13.5`, `>=3.11`); `preferred` is a minor version.

    A `uv` of another release than ours takes the newest that it knows. FrontendError at `places`
    where uv knows none.
    """
    spec, settings = inputs.settings.spec, inputs.workspace.root.get("tool", "uv") or {}
    mirror = spec.python_mirror or _string_setting(settings, "python-install-mirror")
    downloads = _string_setting(settings, "python-downloads-json-url")
    for url, what in ((mirror, "python-mirror"), (downloads, "python-downloads-json-url")):
        if "@" in url.partition("://")[2].partition("/")[0]:
            raise FrontendError(
                f"{what} holds a user name or password, which would be kept in the build's record",
                remedy="Use a mirror that needs none, or a folder of the build context.",
                places=inputs.settings.origin("python-mirror"),
            )
    if spec.hermetic and (not mirror or "://" in mirror or "://" in downloads):
        raise FrontendError(
            "a hermetic build cannot download a Python, and the base has none that fits",
            remedy="Choose a `base` that has it, name a folder of the build context as "
            "`python-mirror`, or build without `hermetic`.",
            places=inputs.settings.origin("hermetic"),
        )
    plain = request if request[:1].isdigit() else preferred
    if downloads or uv != UV_VERSION:
        return Managed(plain, mirror, downloads)
    return Managed(newest(plain, request, places), mirror)


def newest(plain: str, request: str, places: tuple[Location, ...]) -> str:
    """Return the newest release of `plain` (`3.13`) that uv can install and `request` admits."""
    command = [uv_binary(), "python", "list", "--only-downloads", "--all-versions", "--no-config"]
    command += ["--offline", "--no-cache", "--output-format", "json", f"cpython-{plain}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    releases = json.loads(done.stdout) if done.returncode == 0 and done.stdout else []
    admitted = SpecifierSet(f"=={request}.*" if request[:1].isdigit() else request)
    versions = sorted(
        {Version(found["version"]) for found in releases if found["variant"] == "default"}
    )
    fitting = [version for version in versions if version in admitted and not version.is_prerelease]
    if not fitting:
        raise FrontendError(
            f"uv knows no Python {request} to install",
            remedy="Choose another `python`, or a `base` that has it.",
            places=places,
        )
    return str(fitting[-1])


#: With the secret `ca` in place of uv's own certificates only where it is given, which nothing but
#: the step can see.
_INSTALL = f"""\
if [ -s {ROOT}/{CA_SECRET}.pem ]; then
    cat {ROOT}/{CA_SECRET}.pem /etc/ssl/certs/ca-certificates.crt > /tmp/ca.pem 2> /dev/null
    export SSL_CERT_FILE=/tmp/ca.pem
fi
exec {ROOT}/uv python install --no-config "$0"
"""


def install(writer: StepWriter, image: StepImage, managed: Managed, context: Context) -> llb.Output:
    """Install it in steps on `image`: a filesystem with MANAGED_PYTHON, the same on every machine.

    `image` needs a shell, and the C library of the base.
    """
    variables = {
        "UV_PYTHON_CACHE_DIR": f"{ROOT}/cache/python",
        "UV_CACHE_DIR": "/tmp/uv",
        "UV_PYTHON_DOWNLOADS": "manual",
        "UV_PYTHON_INSTALL_BIN": "0",
        "UV_PYTHON_INSTALL_DIR": MANAGED_PYTHON,
    }
    mounts: list[llb.Mount] = [
        llb.Cache(f"{ROOT}/cache", writer.cache_id(f"python-{image.platform.architecture}"))
    ]
    if managed.mirror and "://" not in managed.mirror:
        folder = managed.mirror.strip("/")
        mounts.append(llb.Bind(f"{ROOT}/mirror", context.directory(folder, name="Python mirror")))
        variables["UV_PYTHON_INSTALL_MIRROR"] = f"file://{ROOT}/mirror"
    elif managed.mirror:
        variables["UV_PYTHON_INSTALL_MIRROR"] = managed.mirror
    if managed.downloads and "://" not in managed.downloads:
        listed = managed.downloads.strip("/")
        files = context.named_files([listed], "list of Python downloads")
        mounts.append(llb.Bind(f"{ROOT}/downloads.json", files, selector=f"/{listed}"))
        variables["UV_PYTHON_DOWNLOADS_JSON_URL"] = f"{ROOT}/downloads.json"
    elif managed.downloads:
        variables["UV_PYTHON_DOWNLOADS_JSON_URL"] = managed.downloads
    fetched = writer.run(
        image,
        ["/bin/sh", "-c", _INSTALL, managed.version],
        name=f"[internal] install Python {managed.version}",
        variables=variables,
        mounts=mounts,
        output=MANAGED_PYTHON,
        ignore_cache=writer.options.ignores_cache_for({str(Kind.PYTHON)}),
    )
    # uv finds the interpreter: its folder's name tells the C library, which nobody has asked yet.
    return writer.run(
        image,
        [
            f"{ROOT}/uv",
            "run",
            "--quiet",
            "--no-project",
            "--no-config",
            "--python",
            managed.version,
            f"{ROOT}/steps/python.py",
        ],
        name=f"[internal] settle Python {managed.version}",
        variables={
            "UV_CACHE_DIR": "/tmp/uv",
            "UV_OFFLINE": "1",
            "UV_PYTHON_INSTALL_DIR": MANAGED_PYTHON,
            "UV_PYTHON_PREFERENCE": "only-managed",
        },
        mounts=[llb.Bind(MANAGED_PYTHON, fetched), llb.Bind(f"{ROOT}/steps", steps("python"))],
        network=False,
    )


def provide(
    gateway: Gateway,
    writer: StepWriter,
    base_image: StepImage,
    builder_image: StepImage,
    managed: Managed,
    context: Context,
) -> tuple[StepImage, Interpreter, Distribution]:
    """Install it in `builder_image` and look at it in `base_image`, which has it then.

    FrontendError where it cannot be installed.
    """
    equipped = replace(base_image, managed_python=install(writer, builder_image, managed, context))
    name = base_image.image.name
    try:
        report = probe(gateway, probe_image(writer, equipped), "/python.json", name)
    except GatewayError as error:
        if not error.step_end:
            raise
        raise FrontendError(
            f"Python {managed.version} cannot be installed for {name}: {error.step_end}",
            remedy="What uv printed stands above. The key `python-mirror` names a mirror that can "
            "be reached, `python` another version, `base` an image that has Python. A base without "
            "a shell needs a `builder` that has one.",
        ) from error
    interpreter = Interpreter.from_probe(report, base_image.platform)
    return equipped, interpreter, Distribution.from_probe(report)


def _string_setting(settings: Mapping[str, Any], key: str) -> str:
    value = settings.get(key)
    return value if isinstance(value, str) else ""
