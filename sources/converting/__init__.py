"""Converting: another format or encoding written down as lines of CSV or JSON, every value's text kept."""
