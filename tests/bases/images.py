"""Base images as users have them, made from the one that tests have."""

from __future__ import annotations

#: A Python of its own below /usr/local, as official images have it; Debian's patches for its own
#: paths are taken out of it. (Its module `site` is part of the binary: what that calls
#: dist-packages is linked.)
_OWN_PYTHON = """\
RUN rm -rf {prefix}/lib/python3.13 && mkdir -p {prefix}/bin {prefix}/lib \\
 && mv /usr/bin/python3.13 {prefix}/bin/python3.13 \\
 && ln -s python3.13 {prefix}/bin/python3 \\
 && mv /usr/lib/python3.13 {prefix}/lib/python3.13 \\
 && sed -i "s/= 'posix_local'/= 'posix_prefix'/" {prefix}/lib/python3.13/sysconfig/__init__.py \\
 && mkdir {prefix}/lib/python3.13/site-packages \\
 && ln -s site-packages {prefix}/lib/python3.13/dist-packages \\
 && rm -rf /usr/bin/python3* /usr/lib/python3* \\
           {prefix}/lib/python3.13/EXTERNALLY-MANAGED {prefix}/lib/python3.13/ensurepip \\
 && find {prefix} -type l -lname '/*' -delete
"""


def own_python(prefix: str) -> str:
    """Instructions that move Debian's Python to another prefix."""
    return _OWN_PYTHON.format(prefix=prefix)


#: A CPython that was moved, and so runs from any prefix, as uv's builds do.
MOVED = f"FROM python:3.13-slim\n{own_python('/python')}"

#: Debian's Python as Debian has it, where nobody has installed python3-venv.
DEBIAN = """\
FROM python:3.13-slim
RUN dpkg --purge --force-depends python3-venv python3.13-venv \\
 && ! python3 -c "import ensurepip" && test -e /usr/lib/python3.13/EXTERNALLY-MANAGED
"""

#: A user with home and group, who containers run as.
OWN_USER = """\
RUN echo 'users:x:100:' >> /etc/group \\
 && echo 'ray:x:1000:100:Ray:/home/ray:/bin/bash' >> /etc/passwd \\
 && mkdir -m 750 /home/ray && chown 1000:100 /home/ray
USER ray
WORKDIR /home/ray
"""

#: As images for Ray and Jupyter: Python in conda's prefix, and such a user.
CONDA = f"""\
FROM python:3.13-slim
{own_python("/opt/conda")}
ENV PATH=/opt/conda/bin:/usr/bin:/bin
{OWN_USER}"""

#: Python and the C library, and nothing else: no shell, no package manager, no users.
DISTROLESS = f"""\
FROM python:3.13-slim AS whole
{own_python("/usr/local")}
RUN mkdir -p /rootfs/usr/lib /rootfs/tmp /rootfs/usr/local/bin /rootfs/etc \\
 && chmod 1777 /rootfs/tmp && cp -a /usr/local/lib /rootfs/usr/local/ \\
 && cp -a /usr/local/bin/python3* /rootfs/usr/local/bin/ \\
 && ln -s usr/lib /rootfs/lib && ln -s usr/lib64 /rootfs/lib64 \\
 && (cp -a /usr/lib64 /rootfs/usr/ || true) \\
 && cp -a /usr/lib/*-linux-gnu /rootfs/usr/lib/ && rm -rf /rootfs/usr/lib/*/perl*

FROM scratch
COPY --from=whole /rootfs /
ENV PATH=/usr/local/bin:/usr/bin
"""

#: A base that was made for applications: its own /app, with an environment in it.
OCCUPIED = """\
FROM python:3.13-slim
RUN mkdir -p /app/.venv/bin /app/.venv/lib/python3.13/site-packages /app/data \\
 && echo 'print("stale")' > /app/.venv/lib/python3.13/site-packages/stale.py \\
 && echo kept > /app/data/kept && chown -R 1234:1234 /app && chmod 2775 /app
"""

#: As CUDA's images: a distribution with libraries of its own, and no Python.
NO_PYTHON = """\
FROM python:3.13-slim
RUN rm -rf /usr/bin/python3* /usr/lib/python3* /usr/local/lib/python3*
ENV CUDA_VERSION=13.0 LD_LIBRARY_PATH=/usr/local/cuda/lib64
"""
