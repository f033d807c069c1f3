"""How a command ends: done, a mistake in what was asked or configured, done but something is amiss, failed."""

DONE, USAGE, DEGRADED, FAILED = 0, 1, 2, 3
