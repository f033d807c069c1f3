"""One module per feed: the pandera model of a good record."""
