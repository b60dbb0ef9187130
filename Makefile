# Everything works on a bare Debian 12 as root, or beside an engine that is there.
KIND ?= docker28
IMAGE ?= org/uv-frontend
JOBS ?= 2

PYTHON = sh tools/python
DEV = $(PYTHON) tools/environment.py

.PHONY: help test lint unit example engine engine-down image bench verify

help:
	@echo 'make test [JOBS=2]        all checks and tests, on engines of their own'
	@echo 'make lint, make unit      its quick parts'
	@echo 'make example              build and run a service of examples/shop'
	@echo 'make image [IMAGE=...]    build the frontend image where "# syntax=IMAGE" finds it'
	@echo 'make engine [KIND=...]    start a Docker engine; use it by eval "$$(make -s engine)"'
	@echo 'make engine-down          end it'
	@echo 'make verify IMAGE=...     rebuild a published image from its commit, and compare'
	@echo "make bench                compare with the Dockerfile of uv's guide (15 minutes; BENCH=--help)"

test: lint
	$(DEV) pytest --numprocesses=$(JOBS) --dist=loadscope --durations=40

lint:
	$(DEV) ruff format --check
	$(DEV) ruff check
	$(DEV) mypy
	$(DEV) lint-imports --no-cache

unit:
	$(DEV) pytest tests/unit

example:
	$(DEV) python -m tools.example --kind $(KIND)

engine:
	@$(PYTHON) -m tests.engine up --kind $(KIND)

engine-down:
	@$(PYTHON) -m tests.engine down

image:
	@$(PYTHON) -m tests.engine image --kind $(KIND) $(IMAGE)

bench:
	$(DEV) python -m tests.benchmark $(BENCH)

verify:
	@$(PYTHON) -m tools.verify $(IMAGE) $(OPTIONS)
