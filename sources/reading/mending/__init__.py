"""Mending broken lines of CSV: only what the sound lines of the same file say, and only where that is measured to be right."""

from sources.reading.mending.mend import NOTHING_MENDED, Mended, Sound, mended

__all__ = ["NOTHING_MENDED", "Mended", "Sound", "mended"]
