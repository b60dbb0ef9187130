"""The licence that a package states, as far as SPDX has a name for it."""

from __future__ import annotations

from dataclasses import dataclass
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

if TYPE_CHECKING:
    from email.message import Message


#: Texts that authors write for one licence alone. "BSD" or "Apache" without more is not among them.
_MEANT = {
    "0bsd": "0BSD",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "mit license": "MIT",
    "the mit license": "MIT",
    "mpl 2.0": "MPL-2.0",
}
#: Of the trove classifiers those that mean one version of one licence.
_CLASSIFIERS = {
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
}
_PREFIX = "License :: OSI Approved :: "


@dataclass(frozen=True)
class Licence:
    """What a package says: an SPDX `expression`, empty where `said` is none, and `said`."""

    expression: str = ""
    said: str = ""


@dataclass(frozen=True)
class Installed:
    """What an installed package says of itself."""

    name: str
    version: str
    licence: Licence = Licence()


def of_metadata(text: str) -> Installed:
    """Read the core metadata of an installed package (METADATA)."""
    headers = HeaderParser().parsestr(text)
    name, version = str(headers.get("Name") or ""), str(headers.get("Version") or "")
    return Installed(name, version, _licence(headers))


def _licence(headers: Message) -> Licence:
    if expression := headers.get("License-Expression"):
        return of_text(str(expression))
    stated = str(headers.get("License") or "").strip()
    first = of_text(stated) if stated and "\n" not in stated else Licence()
    if first.expression:
        return first
    names = [str(c) for c in headers.get_all("Classifier") or () if str(c).startswith("License ::")]
    expressions = [_CLASSIFIERS.get(name.removeprefix(_PREFIX), "") for name in names]
    if len(expressions) == 1 and expressions[0]:
        return Licence(expressions[0], names[0])
    return Licence("", first.said or "; ".join(names))


def of_text(text: str) -> Licence:
    """Read a licence as people write it."""
    text = " ".join(text.split())
    meant = _MEANT.get(text.lower(), text)
    try:
        return Licence(canonicalize_license_expression(meant), text)
    except InvalidLicenseExpression:
        return Licence("", text)
