"""Mistakes of an author, and failures of the surroundings. A defect of the data is neither: it is a finding."""


class BreakwaterError(Exception):
    """What went wrong, whose it is, and, on a line that begins with `Hint:`, what to do."""


class DeclarationError(BreakwaterError):
    """A feed, a source or a contract that cannot be used as it is declared."""


class LakeError(BreakwaterError):
    """The lake cannot be read or written, or holds a table that does not fit."""


class LakeNameError(LakeError):
    """A name that cannot be that of a table or a partition; a mistake of whoever wrote it."""


class LockedError(BreakwaterError):
    """Another run works on the same partition."""


class StepError(BreakwaterError):
    """A step was asked for before the one that it stands on."""


class NotFoundError(BreakwaterError):
    """Something was named that does not exist."""
