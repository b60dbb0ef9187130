# The frontend image. Build it with `make image`, or anywhere with `docker build -t org/uv-frontend .`
# The base lends its Python only. An optional secret named ca is a bundle of certificates to trust.
ARG BASE=python:3.13-slim

FROM ${BASE} AS runtime
ARG INDEX_URL
COPY pyproject.toml tools/image.py /build/
RUN --mount=type=secret,id=ca \
    "$(command -v python3.13 || command -v python3 || command -v python)" \
    /build/image.py runtime /build/pyproject.toml /image

FROM ${BASE} AS code
COPY tools/image.py /build/
COPY frontend /build/sources/frontend
COPY llb /build/sources/llb
RUN "$(command -v python3.13 || command -v python3 || command -v python)" \
    /build/image.py code /build/sources /image

FROM scratch
COPY --from=runtime /image /
COPY --from=code /image /
ENV HOME=/root PYDANTIC_DISABLE_PLUGINS=__all__
LABEL moby.buildkit.frontend.network.none=true \
      moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring"
ENTRYPOINT ["/opt/uv-frontend/bin/python", "-I", "-S", "/opt/uv-frontend/start.py"]
