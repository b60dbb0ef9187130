"""The software bill of materials of an image: SPDX 2.3, made from the lock.

What is in the image is known, so no scanner looks for it: packages and their edges come from the
lock, layers from the plan; licences and the base's own packages are read from the built image.

Belongs here: the document, and what is read of the image for it.
Does not belong here: which packages an image has (`resolve`), and in which layer (`plan`).
"""

from __future__ import annotations

from frontend.sbom.attach import attestations

__all__ = ["attestations"]
