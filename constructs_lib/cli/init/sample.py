"""Invented data to begin with."""

import csv
import io
import random
from typing import Final

ROWS: Final = 800
TARGET: Final = "churned"
FILE: Final = "customers.csv"

_SEED: Final = 20261130
_PLANS: Final = ("basic", "family", "business")


def customers() -> str:
    """A CSV file of invented customers, the same each time.

    Who calls the help desk often, pays much and has not been there for long is more likely to leave.
    """
    chance = random.Random(_SEED)  # noqa: S311
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["months", "plan", "help_calls", "monthly_charge", "paperless", TARGET])
    for _ in range(ROWS):
        months = chance.randint(1, 72)
        plan = chance.choice(_PLANS)
        calls = min(9, int(chance.expovariate(0.6)))
        charge = round(chance.uniform(15, 60) + 10 * _PLANS.index(plan), 2)
        leaves = 0.1 + 0.09 * calls - 0.006 * months + 0.004 * charge
        writer.writerow(
            [months, plan, calls, charge, chance.choice(("yes", "no")), "yes" if chance.random() < leaves else "no"]
        )
    return out.getvalue()
