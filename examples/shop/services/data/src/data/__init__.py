import json

from data.forecast import forecast


def main() -> None:
    print(json.dumps({"service": "data", **forecast()}, indent=2))
