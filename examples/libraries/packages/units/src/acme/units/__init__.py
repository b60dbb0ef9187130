METRES = {"m": 1.0, "cm": 0.01, "in": 0.0254}


def metres(text: str) -> float:
    number, unit = text.split()
    return float(number) * METRES[unit]
