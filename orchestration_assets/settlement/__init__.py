"""Settlement: the gate, the agreement between records, and the one verdict of each record. Pure, no dagster."""
