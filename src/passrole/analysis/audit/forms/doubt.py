"""Faults of a file that may turn out to be no trail at all."""

from __future__ import annotations

from typing import Final

from passrole.analysis.audit.faults import Foreign
from passrole.analysis.audit.forms.intake import Fault

_PATIENCE: Final = 1000  # faults after which a file without a record is foreign


class Doubt:
    """Holds faults back until the first record: a foreign file has one fault, and not one in each line."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._held: list[tuple[str, str]] = []
        self.gone = False  # has it shown that this is a trail?
        self.why = "not a trail: JSON without records"  # what there is instead

    def fault(self, place: str, why: str) -> None:
        """Raises Foreign where there has been nothing else for long."""
        if self.gone:
            self._fault(place, why)
            return
        self._held.append((place, why))
        if len(self._held) > _PATIENCE:
            raise Foreign(self.why)

    def lift(self) -> None:
        """It is a trail: what was held back is told."""
        if not self.gone:
            self.gone = True
            for place, why in self._held:
                self._fault(place, why)

    def end(self) -> None:
        """Nothing follows. Raises Foreign where all there was were faults."""
        if not self.gone and self._held:
            raise Foreign(self.why)
