"""A documented tree that is large enough to learn from: 15 files of 8 functions."""

from __future__ import annotations

import random
from pathlib import Path

FILES, FUNCTIONS = 15, 8
VERBS = "load store merge split check count copy drop find sort send read".split()
NOUNS = (
    "account address balance bucket channel chapter circuit colour column contract currency customer device district "
    "document engine envelope feature forest garden harbour invoice island journal kitchen ladder letter library "
    "machine market message mirror module mountain network number office orchard packet parcel picture planet pocket "
    "price printer project pupil record region river schedule season session shelter signal station student "
    "table teacher ticket timetable tunnel village voucher window winter"
).split()


def build(root: Path, seed: int = 1) -> None:
    """Write the tree: each sentence shares some words with its function, and some with others."""
    chance = random.Random(seed)
    for number in range(FILES):
        parts = ["import base\n"]
        for _ in range(FUNCTIONS):
            verb, (noun, other, third, fourth) = chance.choice(VERBS), chance.sample(NOUNS, 4)
            parts.append(
                f"def {verb}_{noun}({other}):\n"
                f'    """{verb.capitalize()} every {other} that belongs with one {third} or {fourth}."""\n'
                f"    {third} = base.{chance.choice(VERBS)}({other})\n"
                f"    {chance.choice(NOUNS)} = base.{chance.choice(NOUNS)}({third})\n"
                f"    return base.{chance.choice(VERBS)}({third}, {chance.choice(NOUNS)!r})\n"
            )
        (root / f"{NOUNS[number]}.py").write_text("\n\n".join(parts), "utf-8")
