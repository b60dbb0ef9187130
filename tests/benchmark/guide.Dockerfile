# What the benchmark compares with: the Dockerfile for workspaces of uv's guide "Using uv in Docker"
# (intermediate layers, non-editable installs, cache mount, compiled bytecode), two stages.
# Its uv is the frontend image's, so that both install with the same one.
# The secret is for networks with a certificate authority of their own; no cache key depends on it.

FROM python:3.13-slim AS builder
COPY --from=org/uv-frontend /opt/uv-frontend/bin/uv /bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=0
WORKDIR /app
ARG PACKAGE
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    --mount=type=secret,id=ca \
    if [ -e /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \
    uv sync --frozen --no-install-workspace --package $PACKAGE --no-dev
COPY . /app
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=ca \
    if [ -e /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \
    uv sync --frozen --no-dev --no-editable --package $PACKAGE

FROM python:3.13-slim
COPY --from=builder /app/.venv /app/.venv
ENV PATH="/app/.venv/bin:$PATH"
