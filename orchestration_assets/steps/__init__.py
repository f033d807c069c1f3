"""What each box does with the lake: the pure functions applied fragment by fragment. No dagster."""
