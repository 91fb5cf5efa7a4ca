"""Tables out of files that nobody vouches for, read in a limited child process (reliability.md, finding 7).

`child.read(paths, limits)` is the way in; `worker` is what runs in the child; the other modules are the child's.
"""
