"""An example: a Dagster project of its own that takes in one feed of Breakwater."""
