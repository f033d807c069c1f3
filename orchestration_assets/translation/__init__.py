"""Translators: turning a malformed value into the contract's notation. Pure functions on frames, no dagster."""
