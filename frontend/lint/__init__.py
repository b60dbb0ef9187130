"""Rules for what is allowed and still deserves a warning.

```
workspace     rules about manifests, ignore file, lock and keys
images        rules about what images stand on, and what there is for their platforms
options       facts about the options of the build
report        which of them a build reports, as warnings
```

Belongs here: rules over the workspace and the images, and how findings are reported.
Does not belong here: `Finding` itself (`frontend.findings`), which every stage returns.
"""
