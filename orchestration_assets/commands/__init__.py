"""One module per subcommand: `add_arguments(parser)`, light to import, and `run(options)`, which returns the exit code."""

DONE, USAGE, DEGRADED, FAILED = 0, 1, 2, 3
"""The exit codes: done, a mistake in what was asked or configured, done but something is amiss, failed."""
