"""One module per subcommand: `add_arguments(parser)`, light to import, and `run(options)`, which returns the exit code."""
