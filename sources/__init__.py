"""Reaching outside systems and landing what they deliver; knows nothing of contracts."""
