"""One feed of one lake as a person looks at it: what every question about the queue, its records and its state needs."""

from dataclasses import dataclass

from orchestration_assets.feed import Declared
from orchestration_assets.lake import Lake
from validators.parsing import Notation
from validators.rules import RuleSet


@dataclass(frozen=True)
class FeedView:
    """A feed as declared, its compiled contract, its lake; `notations`: how each field is written, by source and by field."""

    lake: Lake
    declared: Declared
    rules: RuleSet
    notations: dict[str, dict[str, Notation]]

    @property
    def feed(self) -> str:
        """Its name."""
        return self.declared.feed.feed

    def table(self, name: str) -> str:
        """The lake's name of a table of the feed."""
        return f"{self.feed}/{name}"

    @property
    def is_key_personal(self) -> bool:
        """Whether what a record is about must be masked."""
        return bool(set(self.rules.key) & set(self.rules.personal))
