"""What the frontend is worth: a workspace built by it and by the Dockerfile of uv's own guide.

`python -m tests.benchmark` runs both on one private engine, by turns, through the changes that a
workspace sees in its life. Every change is measured as time, as steps executed and as bytes that a
registry has not seen yet.
"""
