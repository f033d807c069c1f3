"""Mending broken lines of CSV: only what the sound lines of the same file say, and only where that is measured to be right."""
