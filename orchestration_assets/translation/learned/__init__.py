"""Translation that is learned from examples: lookups and small programs over texts, measured before they are used."""
