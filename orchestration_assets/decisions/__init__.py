"""What people decide: the ledger of decisions, and what they bring about. No dagster."""
