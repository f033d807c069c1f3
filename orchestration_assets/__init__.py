"""The code location: assets, checks, jobs and the command line, standing on `sources` and `validators`."""
