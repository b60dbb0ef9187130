"""All cases."""

from __future__ import annotations

from tests.graphs.case import Case

_PACKAGES = ("api", "worker", "data", "report")
_TARGETS = ("image", "deps", "dev", "test", "wheels", "plan")


def _shop(package: str, **more: str) -> dict[str, str]:
    return {"build-arg:package": package, **more}


CASES: tuple[Case, ...] = (
    *(Case(f"shop-{package}", "shop", _shop(package)) for package in _PACKAGES),
    *(
        Case(f"shop-worker-{target}", "shop", _shop("worker", target=target))
        for target in _TARGETS[1:]
    ),
    *(Case(f"{name}", name) for name in ("single", "training", "libraries", "inference", "site")),
)
