"""Packages of the workspace that come from elsewhere: `--build-context lib-core=../core`.

A context that is called like a package takes the place of its directory, manifest included.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from frontend.errors import FrontendError
from frontend.findings import Finding
from frontend.inputs.first_reads import IGNORE_FILE, read_text
from frontend.inputs.named_contexts import NamedContext, find, open_context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.context.directory import Context
    from frontend.gateway import Gateway
    from frontend.model.packages import LocalPackage
    from frontend.request import Request


#: How alike two names are, from 0 to 1, if one is probably a slip of the other.
_ALIKE = 0.8


def replace_members(
    gateway: Gateway, request: Request, packages: Mapping[str, LocalPackage]
) -> Mapping[str, Context]:
    """Open the contexts that are called like one of `packages`; by the packages' names.

    FrontendError for the root, and for what is no context.
    """
    found: dict[str, Context] = {}
    for full in request.named_contexts:
        name = full.partition("::")[0]
        package = packages.get(canonicalize_name(name))
        if package is None:
            continue
        if package.path == ".":
            raise FrontendError(
                f"package {package.name!r} is the workspace's root, and no other build context "
                "can stand for it",
                remedy="Make it the main context.",
            )
        if package.name not in found:
            named = find(request, name, request.build_platform) or NamedContext(
                full, request.named_contexts[full]
            )
            found[package.name] = _ignoring(gateway, request, named)
    return found


def _ignoring(gateway: Gateway, request: Request, named: NamedContext) -> Context:
    context = open_context(gateway, request, named, request.build_platform)
    if context.source.remote:
        return context
    loaded = gateway.solve(context.named_files([IGNORE_FILE], IGNORE_FILE))
    ignore = read_text(loaded, IGNORE_FILE)
    if ignore:
        ignore = replace(ignore, filename=f"{named.label}/{IGNORE_FILE}")
    return replace(context, ignore=ignore)


def misspelled_contexts(
    request: Request, packages: Mapping[str, LocalPackage]
) -> tuple[Finding, ...]:
    """Find contexts that are called almost like a package: nothing would use them."""
    findings = []
    for full in request.named_contexts:
        name = full.partition("::")[0]
        if canonicalize_name(name) in packages or _is_frontend(request, name):
            continue
        nearest = difflib.get_close_matches(canonicalize_name(name), packages, n=1, cutoff=_ALIKE)
        if nearest:
            finding = Finding(
                None,
                f"no package is called {name!r}, so its build context is not used for one. "
                f"Did you mean {nearest[0]}?",
            )
            findings.append(finding)
    return tuple(findings)


def _is_frontend(request: Request, name: str) -> bool:
    """Whether the context stands for the frontend's own image, which BuildKit looks up."""
    return request.options.get("source", "").partition(":")[0] == name.partition(":")[0]
