"""What the page says of each outcome, worked out once: outcomes never change, and a run is drawn again and again."""

from dataclasses import dataclass, field

from heta_core.evaluation.outcome import Key, Outcome, Remark
from heta_core.evaluation.rows import Cell, example_row
from heta_core.evaluation.signs import Name, signs


@dataclass(slots=True, eq=False)
class Looks:
    """Those of one run."""

    _signs: dict[tuple[Key, str], tuple[Name, ...]] = field(default_factory=dict)
    _rows: dict[tuple[Key, str, Remark | None], dict[str, Cell]] = field(default_factory=dict)

    def signs(self, outcome: Outcome, method: str) -> tuple[Name, ...]:
        """The signs of an example; those about scores are of one method."""
        key = outcome.key, method
        if key not in self._signs:
            self._signs[key] = signs(outcome, method)
        return self._signs[key]

    def row(self, outcome: Outcome, method: str, remark: Remark | None) -> dict[str, Cell]:
        """An example as the table shows it; not to be changed."""
        key = outcome.key, method, remark
        if key not in self._rows:
            self._rows[key] = example_row(outcome, method, remark, met=self.signs(outcome, method))
        return self._rows[key]
