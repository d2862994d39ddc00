"""What a run will cost, told before it starts."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heta_core.cost.estimate import Plan

# A run that is over sooner needs no word about it.
_LONG = 5.0  # seconds


def announce(plan: "Plan") -> None:
    """Tell on standard error what a run will cost, where it is long."""
    if plan.may_take(_LONG):
        cost = plan.cost()
        if cost.seconds > _LONG:
            print(f"this takes {cost.words}", file=sys.stderr, flush=True)
