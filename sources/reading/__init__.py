"""Reading what was landed: records of text, and every line that is none; nothing is interpreted."""

from sources.reading.fragment import Reading, read_fragment

__all__ = ["Reading", "read_fragment"]
