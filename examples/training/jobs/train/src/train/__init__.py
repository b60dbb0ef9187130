import argparse
import json
from pathlib import Path

import numpy as np
from features import polynomial


def fit(steps: int) -> float:
    """The mean squared error that is left after so many steps downhill."""
    x = np.linspace(-1, 1, 200)
    y = 3 * x**2 - x + 0.5
    inputs, weights = polynomial(x, degree=2), np.zeros(3)
    for _ in range(steps):
        weights -= 0.5 * inputs.T @ (inputs @ weights - y) / len(x)
    return float(np.mean((inputs @ weights - y) ** 2))


def main() -> None:
    parser = argparse.ArgumentParser(prog="train")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--output", type=Path, help="a file for the result (default: print it)")
    options = parser.parse_args()
    result = json.dumps({"steps": options.steps, "loss": fit(options.steps)})
    if options.output:
        options.output.write_text(result)
        print(f"{options.output.resolve()}: {result}")
    else:
        print(result)
