"""RUN: let the daemon solve what was emitted, and explain what fails.

```
platform       one platform: solve, record, check, attest
checks         commands that run in the finished image
failure        why a step failed
native_steps   steps that must run on the image's own platform
```

Belongs here: solving, failures of steps, checks of the finished image.
Does not belong here: anything that changes the graph after it is emitted.
"""
