"""Rounds in a misbehaving outside world: what was taken, judged against what the systems truly wrote."""
