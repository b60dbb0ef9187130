# The frontend image. Build it with `make image`, or anywhere with `docker build -t org/uv-frontend .`
# The base lends its Python only. Optional secrets: ca is a bundle of certificates to trust, index the
# address of a package index with an account (without one, the argument INDEX_URL).
# The same manifest comes out of the same commit and base with --build-arg SOURCE_DATE_EPOCH=…
ARG BASE=python:3.13-slim

FROM ${BASE} AS runtime
ARG INDEX_URL
COPY tools/requirements.txt tools/image.py /build/
RUN --mount=type=secret,id=ca --mount=type=secret,id=index \
    "$(command -v python3.13 || command -v python3 || command -v python)" \
    /build/image.py runtime /build/requirements.txt /image

FROM ${BASE} AS code
COPY tools/image.py /build/
COPY LICENSE /build/sources/
COPY frontend /build/sources/frontend
COPY llb /build/sources/llb
RUN "$(command -v python3.13 || command -v python3 || command -v python)" \
    /build/image.py code /build/sources /image

FROM scratch
# Where the commit can be had, and which one it is: for those who publish the image.
ARG SOURCE
ARG REVISION
COPY --from=runtime /image /
COPY --from=code /image /
ENV HOME=/root PYDANTIC_DISABLE_PLUGINS=__all__
LABEL moby.buildkit.frontend.network.none=true \
      moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring" \
      org.opencontainers.image.title="uv-frontend" \
      org.opencontainers.image.description="A BuildKit frontend that turns a uv workspace into container images" \
      org.opencontainers.image.version="0.1.0.dev0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.revision="${REVISION}"
ENTRYPOINT ["/opt/uv-frontend/bin/python", "-I", "-S", "/opt/uv-frontend/start.py"]
