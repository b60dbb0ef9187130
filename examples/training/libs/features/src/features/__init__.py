import numpy as np


def polynomial(x: np.ndarray, degree: int) -> np.ndarray:
    return np.stack([x**power for power in range(degree + 1)], axis=1)
