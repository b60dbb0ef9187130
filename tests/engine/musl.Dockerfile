# A CPython on musl, as Alpine has one, from Debian's sources of Python, zlib and musl: its files alone.
# Only what installing packages needs: no TLS, no database; not optimised.
FROM python:3.13-slim AS build
RUN echo 'Acquire::Retries "5";' > /etc/apt/apt.conf.d/retries \
    && sed 's/^deb /deb-src /' /etc/apt/sources.list > /etc/apt/sources.list.d/sources.list \
    && apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev make musl-tools xz-utils
# What the compiler tells of its target must be musl, too, or Python's configure gives up.
RUN printf '%s\n' '#!/bin/sh' 'case "$*" in' \
    "*-print-multiarch*) echo $(uname -m)-linux-musl ;;" '*) exec musl-gcc "$@" ;;' 'esac' \
    > /usr/local/bin/cc-musl && chmod +x /usr/local/bin/cc-musl
# The archives of the authors alone: a mirror may have an update in its index before it has its files.
WORKDIR /source
RUN apt-get source --tar-only --download-only zlib && tar xf zlib_*.orig.tar.* --one-top-level=zlib --strip-components=1 \
    && cd zlib && CC=cc-musl CFLAGS="-O1 -fPIC" ./configure --static --prefix=/zlib && make -s -j2 install
RUN apt-get source --tar-only --download-only python3.13 \
    && tar xf python3.13_*.orig.tar.xz --one-top-level=python --strip-components=1
WORKDIR /source/python
RUN ./configure --quiet --prefix=/usr/local --without-ensurepip --disable-test-modules --without-doc-strings \
    CC=cc-musl CFLAGS=-O0 ZLIB_CFLAGS=-I/zlib/include ZLIB_LIBS="-L/zlib/lib -lz"
RUN make --silent -j2 && make --silent install DESTDIR=/image
RUN cd /image && rm -rf usr/local/share usr/local/include usr/local/lib/libpython* usr/local/lib/python3.13/config-* \
    usr/local/lib/python3.13/test usr/local/lib/python3.13/idlelib \
    && find . -name __pycache__ -prune -exec rm -rf {} + \
    && find . -name '*.so' -exec strip {} + && strip usr/local/bin/python3.13 \
    && mkdir -p lib tmp etc && chmod 1777 tmp && cp -L /lib/ld-musl-*.so.1 lib/ \
    && echo 'root:x:0:0:root:/root:/bin/sh' > etc/passwd && echo 'root:x:0:' > etc/group \
    && find . -exec touch --no-dereference --date=@1700000000 {} +
FROM scratch
COPY --from=build /image /
