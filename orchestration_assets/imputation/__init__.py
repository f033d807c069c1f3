"""Imputers: supplying a missing or contradicted value from elsewhere. Pure functions on frames, no dagster."""
