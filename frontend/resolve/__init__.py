"""RESOLVE: per platform, find base, interpreter, uv and packages.

```
platform          ResolvedPlatform: everything below, in order
base_image        which image, and what it is pinned to
probe             questions to an image that are answered by a step
base_profile      what is known of the base, and what follows from it
managed_python    a Python that uv installs, for a base without one
provided, prefix  packages that the base has already; installing into its own Python
system_packages   packages of apt and apk
cross_platform    bases of other platforms, read and not run
emulation         whether programs of another platform run here
frontend_image    our own image, which has uv
uv_image          another uv than our own
export            uv names the packages of the image
closure           markers and wheel tags, for one interpreter
consistency       whether the packages fit together
build_rules       what must be built from source, and what may not be
hermetic          what replaces the network
git_history       versions that are made from git
epoch             the time of the context
```

Belongs here: questions to the daemon whose answers decide what is installed.
Does not belong here: layers (`plan`) and their operations (`emit`).
"""
