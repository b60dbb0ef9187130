"""Values that several stages share: packages, interpreters, bases, layers.

```
packages        packages of the lock, and the closure that one image holds
interpreter     a Python: version, platform, markers, wheel tags
base            a base image's configuration; where its Python keeps packages
base_changes    changes of the base's own file system
distribution    what a base holds besides Python
accounts        users and groups
git_source      a package that the lock takes from git
layers          layers of an image
uv              the uv that installs
```

Belongs here: frozen values and what follows from them alone.
Does not belong here: reading files, the daemon, or LLB of a build.
"""
