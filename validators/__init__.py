"""Judging: contracts, triage, findings, policies and expectation suites.

Pure functions on polars frames. No dagster, and nothing of `sources`.
"""
