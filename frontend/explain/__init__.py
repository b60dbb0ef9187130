"""What an image was made from, kept in its labels, and how that differs from another image.

```
record     what is kept: base, Python, uv, and of each layer its key, packages and files
files      digests of the files that an image has from the build context
labels     the record as labels of an image, and back
previous   the image to compare with: its labels, without pulling it
compare    what changed from one record to another
render     the same as lines for people, and as JSON
progress   lines in the progress of a build
```

Belongs here: the record of an image, and differences between two.
Does not belong here: what decides a layer (`emit/layer_key`).
"""

from __future__ import annotations
