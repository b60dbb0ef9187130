"""Write the goldens: `python -m tests.graphs [WORD]`, of all cases or of those with that word."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.graphs import goldens
from tests.graphs.cases import CASES
from tests.graphs.run import run


def main() -> None:
    """Run the cases, and write what they sent."""
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [case for case in CASES if word in case.name]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = dict(zip([case.name for case in chosen], pool.map(run, chosen), strict=True))
    goldens.write(runs, {case.name for case in CASES})
    print(f"{len(runs)} of {len(CASES)} cases")


if __name__ == "__main__":
    main()
