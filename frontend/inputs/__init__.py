"""READ: fetch from the client and the contexts all that a build needs to know.

```
first_reads       what every build reads, asked for while the rest of the program is loaded
main_context      which source the main context is
git_address       the forms of a git address
download          what is behind an HTTP address: an archive, or the build file
named_contexts    contexts by name
members           members that a named context replaces
manifests         manifests of members
inputs            BuildInputs, and the order of reading
```

Belongs here: calls that read build file, ignore file, lock and manifests.
Does not belong here: decisions, which `config` and `project` take from the texts.
"""
