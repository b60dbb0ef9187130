"""Rules for what is allowed and still deserves a warning.

```
workspace     rules about manifests, ignore file, lock and keys
images        rules about what images stand on, and what there is for their platforms
report        which of them a build tells, as warnings
```

Belongs here: rules over the workspace and the images, and how findings are reported.
Does not belong here: `Finding` itself (`frontend.findings`), which every stage returns.
"""
