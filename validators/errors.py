"""Mistakes of a contract's author. A defect of the data is never an exception: it is a finding."""


class ContractError(Exception):
    """A contract that cannot be used as it is written."""


class ContractNotFoundError(ContractError):
    """A `MODULE:CLASS` that names no contract."""
