"""The command line: the same commands as the window, for scripts, scheduled jobs and support (design.md 12)."""
