"""Contracts of reference tables: what a person who knows the field would write down before seeing the answers."""
