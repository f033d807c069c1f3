"""The desk: web pages where people decide what the machine leaves to them. It shows what `decisions` reads, and calls `decide`."""
