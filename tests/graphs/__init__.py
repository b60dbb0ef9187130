"""The whole frontend without an engine: what it sends for many builds, compared with goldens.

Each case runs `python -m frontend` as a process on the gateway of `tests.gateway`, and writes down
every vertex of every graph, the image's configuration, attestations, warnings, answers and errors.
A change that moves a single byte of an operation, and so a user's cache key, shows here.

`python -m tests.graphs [WORD]` writes the goldens anew, to be reviewed as a diff.

```
cases        what is run                    images     bases, and what steps find in them
case         one run as a value             answers    what steps leave
run          the run itself                 locks      public locks of the examples
sent         all that was sent, as text     describe   an operation in a line
goldens      what has been reviewed         protobuf   the messages
test_graphs  the comparison                 test_faults  a daemon that misbehaves
```

Nothing of the frontend is imported here, so that no change of it changes what is compared.
"""
