"""Who buys what on which day: drawn from the seed alone, so that it can be asked twice and says the same."""

from __future__ import annotations

import datetime as dt
import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

YEARS = 3
WEEKEND = 0.12
"""What is sold on a day of the weekend, beside a working day."""
GROWTH = 0.8
"""How much more is sold on the last day than on the first."""

Sale = tuple[int, int]
"""(position of the customer, position of the basket)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`groups` and `terms_days` are by customer, `baskets` (how many there are to choose from) by group."""

    seed: int
    first: dt.date
    last: dt.date
    invoices: int
    groups: bytes
    terms_days: array[int]
    baskets: tuple[int, ...]
    weekend: tuple[int, ...]
    """Weekdays, Monday 0."""

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def sales(plan: Plan) -> Iterator[list[Sale]]:
    """The sales of each day, first day first; few customers buy much, and few baskets are bought often."""
    dice = random.Random(f"{plan.seed}:sales")  # noqa: S311 - lifelike figures, not secrets
    draw, customers = dice.random, len(plan.groups)
    for count in _by_day(plan):
        day = []
        for _ in range(count):
            chance = draw()
            customer = int(customers * chance * chance)
            chance = draw()
            day.append((customer, int(plan.baskets[plan.groups[customer]] * chance * chance)))
        yield day


def _by_day(plan: Plan) -> list[int]:
    dice = random.Random(f"{plan.seed}:days")  # noqa: S311 - lifelike figures, not secrets
    weights = []
    for position in range(plan.days):
        day = plan.first + dt.timedelta(days=position)
        weight = 1 + GROWTH * position / plan.days
        weight *= WEEKEND if day.weekday() in plan.weekend else 1
        weights.append(weight * dice.uniform(0.8, 1.2))
    total, done, so_far, counts = sum(weights), 0, 0.0, []
    for weight in weights:
        so_far += weight
        upto = round(plan.invoices * so_far / total)
        counts.append(upto - done)
        done = upto
    counts[-1] += plan.invoices - done
    return counts
