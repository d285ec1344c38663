"""Why an answer is where it is: a table of its features for people, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codesearch.cli.ui.console import Look

if TYPE_CHECKING:
    from codesearch.search import Ranked
    from codesearch.search.explain import Gap

SHOWN = 8
"""Features of an answer that are shown; the rest is summed up."""

MEANINGS = {
    "text": "words of the query in all of it, beside the best",
    "names": "words of the query in what names it, beside the best",
    "similarity": "meaning (static vectors), beside the others",
    "cosine": "meaning (static vectors)",
    "text_place": "its place by words",
    "names_place": "its place by words that name it",
    "similarity_place": "its place by meaning (static vectors)",
    "agreement": "it stands high by words and by meaning",
    "worse_place": "the worse of its places by words and by meaning",
    "similarity_gap": "how far its meaning is behind the nearest (static vectors)",
    "name_share": "share of its name's words in the query",
    "name_words": "how many words its name has",
    "namesakes": "others of its name among the candidates",
    "file": "other good matches in its file",
    "file_similarity": "others of like meaning in its file",
    "file_nearest": "the nearest in meaning of the others in its file",
    "file_text": "the best matches of its file",
    "file_held": "rare words of the query that its file's candidates hold together",
    "file_count": "how many candidates its file has",
    "file_name": "share of the words of the file's name in the query",
    "depth": "how deep its file lies",
    "length": "how long it is",
    "is_callable": "it is a function or method",
    "is_type": "it is a type",
    "is_module": "it is a module, or the rest of a file",
    "is_macro": "it is a macro",
    "is_test": "it is a test",
    "is_vendored": "it is vendored code",
    "is_generated": "it is generated code",
    "is_example": "it is an example",
    "name_match": "it bears the name asked for",
    "mentioned": "the query mentions its name",
    "held": "rare words of the query that it holds",
    "held_beside": "rare words of the query that it holds, beside the best",
    "held_name": "rare words of the query in its name",
    "held_scope": "rare words of the query in its containers' names",
    "held_signature": "rare words of the query in its signature",
    "held_documentation": "rare words of the query in its documentation",
    "held_path": "rare words of the query in its path",
    "held_body": "rare words of the query in its body",
    "phrases": "rows of three words of the query",
    "begun": "words of its name begin as the query's",
    "begun_in_order": "words of its name begin as the query's, in order",
    "name_begun": "share of its name's words that begin as one of the query",
    "is_documented": "it is documented",
    "is_deprecated": "it is deprecated",
    "is_private": "it is private",
    "asked_words": "how many words the query has",
    "asked_stop_words": "share of stop words in the query",
    "best_cosine": "the nearest candidate in meaning",
    "cosine_lead": "what the nearest in meaning is before the tenth",
    "best_phrases": "most rows of three words that a candidate holds",
    "best_begun": "most beginnings of words that a candidate bears",
    "same_file": "better answers in the same file",
    "deep": "meaning (transformer), beside the others",
    "deep_cosine": "meaning (transformer)",
    "deep_place": "its place by meaning (transformer)",
    "deep_gap": "how far its meaning is behind the nearest (transformer)",
}
"""What each feature tells, by name."""


def meaning(feature: str) -> str:
    """Return a feature in words."""
    return MEANINGS.get(feature, feature.replace("_", " "))


def lines(reasons: Sequence[Ranked], place: int, look: Look) -> Iterator[str]:
    """Yield the table of the answer at a place (from 1): its features, and what they make of the next one."""
    item = reasons[place - 1]
    # Weighed alike: only sums of the same weights can be compared.
    after = replace(reasons[place], weighting=item.weighting) if place < len(reasons) else None
    rows = item.contributions()
    others = {name: adds for name, _, _, adds in after.contributions()} if after is not None else {}
    head = f"{'adds':>8}{'next':>8}{'value':>8}  because of"
    yield look.paint(look.fit("     " + head, 0), "2")
    for name, value, _, adds in rows[:SHOWN]:
        beside = f"{others.get(name, 0.0):>+8.2f}" if after is not None else f"{'':>8}"
        yield look.fit(f"     {adds:>+8.2f}{beside}{value:>8.2f}  {meaning(name)}", 0)
    rest = rows[SHOWN:]
    if rest:
        beside = f"{sum(others.get(name, 0.0) for name, *_ in rest):>+8.2f}" if after is not None else f"{'':>8}"
        yield look.fit(f"     {sum(row[3] for row in rest):>+8.2f}{beside}{'':>8}  {len(rest)} smaller ones", 0)
    said = "with the transformer" if item.refined else "without the transformer"
    total = f"{sum(row[3] for row in rows):>+8.2f}"
    beside = f"{sum(others.values()):>+8.2f}" if after is not None else f"{'':>8}"
    yield look.paint(look.fit(f"     {total}{beside}{'':>8}  in all ({said})", 0), "2")


def to_json(item: Ranked) -> dict[str, Any]:
    """Return the features of an answer as hit.schema.json describes them."""
    rows = item.contributions()
    return {
        "sum": round(sum(row[3] for row in rows), 4),
        "refined": item.refined,
        "features": [
            {"name": name, "value": round(value, 4), "weight": round(weight, 4), "contribution": round(adds, 4)}
            for name, value, weight, adds in rows
        ],
    }


def gap_lines(gaps: Sequence[Gap], look: Look) -> Iterator[str]:
    """Yield what makes the difference between two answers."""
    yield look.paint(look.fit(f"  {'gains':>8}{'its':>8}{'this':>8}  by", 0), "2")
    for gap in gaps[:SHOWN]:
        yield look.fit(f"  {gap.difference:>+8.2f}{gap.other:>8.2f}{gap.value:>8.2f}  {meaning(gap.feature)}", 0)
    rest = gaps[SHOWN:]
    if rest:
        yield look.fit(f"  {sum(gap.difference for gap in rest):>+8.2f}{'':>16}  {len(rest)} smaller ones", 0)
