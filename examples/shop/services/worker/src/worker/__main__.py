import argparse
import json

import sentry_sdk

from shop_core import configure_logging
from worker.tasks import app, invoice


def main() -> None:
    parser = argparse.ArgumentParser(prog="worker", description="Run the shop's background jobs.")
    parser.add_argument("--check", action="store_true", help="run one job here, without a broker")
    parser.add_argument("--concurrency", type=int, default=2, metavar="N")
    options = parser.parse_args()
    configure_logging("worker")
    sentry_sdk.init()
    if options.check:
        app.conf.task_always_eager = True
        result = invoice.delay("order-1", "DE", {"MUG-01": 12, "TEA-07": 1}).get()
        print(json.dumps({"service": "worker", "tasks": shop_tasks(), "invoice": result}))
        return
    app.worker_main(["worker", "--loglevel=INFO", f"--concurrency={options.concurrency}"])


def shop_tasks() -> list[str]:
    return sorted(name for name in app.tasks if name.startswith("shop."))


if __name__ == "__main__":
    main()
