"""An outside world that misbehaves: a real web server, database and files, broken on purpose and healed again.

Stands beside the simulation, whose deliveries it breaks on the way. Nothing here knows how a record is judged.
"""
