"""PLAN: divide the packages of an image into layers. Pure.

```
partition    packages into layers, by size and by name
```

Belongs here: which layer holds a package, and in which order layers come.
Does not belong here: how a layer is made (`emit`).
"""
