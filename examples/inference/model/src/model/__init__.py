from importlib.resources import files

import numpy as np


class Model:
    """Names the biggest of some numbers."""

    def __init__(self) -> None:
        self.labels = (files(__name__) / "labels.txt").read_text(encoding="utf-8").split()

    def label(self, scores: list[float]) -> str:
        return self.labels[int(np.argmax(scores))]
