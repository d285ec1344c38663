"""Explains the rank of a result: its features as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from codesearch.cli.ui.console import Look

if TYPE_CHECKING:
    from codesearch.search import Ranked
    from codesearch.search.explain import Gap

SHOWN = 8
"""Maximum number of features shown; the others are summed up."""

MEANINGS = {
    "text": "matching words anywhere, relative to the best",
    "names": "matching words in name, signature and path, relative to the best",
    "similarity": "similarity (static vectors), relative to the others",
    "cosine": "similarity (static vectors)",
    "text_rank": "rank by matching words anywhere",
    "names_rank": "rank by matching words in name, signature and path",
    "similarity_rank": "rank by similarity (static vectors)",
    "agreement": "high rank by words and by similarity",
    "worse_rank": "the lower of its ranks by words and by similarity",
    "similarity_gap": "distance to the most similar one (static vectors)",
    "name_share": "share of the name's words that are in the query",
    "name_words": "number of words in the name",
    "namesakes": "candidates with the same name",
    "file": "other good matches in the file",
    "file_similarity": "other similar candidates in the file",
    "file_nearest": "the most similar other candidate in the file",
    "file_text": "the best matches in the file",
    "file_coverage": "rare words of the query in the file's candidates",
    "file_count": "number of candidates in the file",
    "file_name": "share of the file name's words that are in the query",
    "depth": "depth of the file's path",
    "length": "number of lines",
    "is_callable": "is a function or method",
    "is_type": "is a type",
    "is_module": "is a module, or the rest of a file",
    "is_macro": "is a macro",
    "is_test": "is a test",
    "is_vendored": "is vendored code",
    "is_generated": "is generated code",
    "is_example": "is an example",
    "name_match": "has the name asked for",
    "mentioned": "the query mentions its name",
    "coverage": "rare words of the query anywhere",
    "coverage_ratio": "rare words of the query anywhere, relative to the best",
    "coverage_name": "rare words of the query in the name",
    "coverage_scope": "rare words of the query in the containers' names",
    "coverage_signature": "rare words of the query in the signature",
    "coverage_documentation": "rare words of the query in the documentation",
    "coverage_path": "rare words of the query in the path",
    "coverage_body": "rare words of the query in the body",
    "trigrams": "sequences of three words of the query",
    "prefix": "words of the query that begin a word of the name",
    "prefix_in_order": "words of the query that begin a word of the name, in order",
    "name_prefix": "share of the name's words that begin with a word of the query",
    "is_documented": "is documented",
    "is_deprecated": "is deprecated",
    "is_private": "is private",
    "query_words": "number of words in the query",
    "query_stop_words": "share of stop words in the query",
    "best_cosine": "similarity of the most similar candidate",
    "cosine_lead": "lead of the most similar candidate over the tenth",
    "best_trigrams": "most sequences of three words in one candidate",
    "best_prefix": "most words of the query that begin a word of one name",
    "same_file": "better results in the same file",
    "named_file": "the text names its file",
    "frame": "called in the stack trace",
    "other_language": "not in the language that the query names",
    "elsewhere": "not in the containers that the query names",
    "repository": "how likely its repository is to hold the answer",
    "superseded": "in a folder of replaced code",
    "deprecated": "its documentation says deprecated",
    "variant": "for another platform than the file beside it",
    "minor": "not what the query asks for: neither a function nor a type",
    "rerank_similarity": "similarity (transformer), relative to the others",
    "rerank_cosine": "similarity (transformer)",
    "rerank_rank": "rank by similarity (transformer)",
    "rerank_gap": "distance to the most similar one (transformer)",
    "rerank_documented": "has documentation, which the transformer compared",
    "cross_odds": "read together with the question (cross-encoder)",
    "cross_rank": "rank when read together with the question (cross-encoder)",
    "cross_gap": "distance to the best one (cross-encoder)",
    "learned": "what `codesearch tune` has learned about weights",
}
"""The description of each feature, by name."""


def meaning(feature: str) -> str:
    """Return the description of a feature."""
    return MEANINGS.get(feature, feature.replace("_", " "))


def lines(reasons: Sequence[Ranked], place: int, look: Look) -> Iterator[str]:
    """Yield the table for the result at a rank (from 1): its features, and the difference to the next result."""
    item = reasons[place - 1]
    # Only sums with the same weights can be compared.
    after = reasons[place]._replace(weighting=item.weighting) if place < len(reasons) else None
    rows = item.contributions()
    others = {name: adds for name, _, _, adds in after.contributions()} if after is not None else {}
    head = f"{'adds':>8}{'next':>8}{'value':>8}  feature"
    yield look.paint(look.fit("     " + head, 0), "2")
    for name, value, _, adds in rows[:SHOWN]:
        beside = f"{others.get(name, 0.0):>+8.2f}" if after is not None else f"{'':>8}"
        yield look.fit(f"     {adds:>+8.2f}{beside}{value:>8.2f}  {meaning(name)}", 0)
    rest = rows[SHOWN:]
    if rest:
        beside = f"{sum(others.get(name, 0.0) for name, *_ in rest):>+8.2f}" if after is not None else f"{'':>8}"
        yield look.fit(
            f"     {sum(row[3] for row in rest):>+8.2f}{beside}{'':>8}  {len(rest)} smaller contributions", 0
        )
    said = "with the transformer" if item.refined else "without the transformer"
    said += " and the cross-encoder" if item.weighting.compared else ""
    said += ", tuned" if item.weighting.learned is not None else ""
    total = f"{sum(row[3] for row in rows):>+8.2f}"
    beside = f"{sum(others.values()):>+8.2f}" if after is not None else f"{'':>8}"
    yield look.paint(look.fit(f"     {total}{beside}{'':>8}  total ({said})", 0), "2")


def to_json(item: Ranked) -> dict[str, Any]:
    """Return the features of a result as output.schema.json describes them."""
    rows = item.contributions()
    return {
        "sum": round(sum(row[3] for row in rows), 4),
        "refined": item.refined,
        "cross_encoder": item.weighting.compared,
        "tuned": item.weighting.learned is not None,
        "features": [
            {"name": name, "value": round(value, 4), "weight": round(weight, 4), "contribution": round(adds, 4)}
            for name, value, weight, adds in rows
        ],
    }


def gap_lines(gaps: Sequence[Gap], look: Look) -> Iterator[str]:
    """Yield the features that make the difference between two results."""
    yield look.paint(look.fit(f"  {'gap':>8}{'other':>8}{'this':>8}  feature", 0), "2")
    for gap in gaps[:SHOWN]:
        yield look.fit(f"  {gap.difference:>+8.2f}{gap.other:>8.2f}{gap.value:>8.2f}  {meaning(gap.feature)}", 0)
    rest = gaps[SHOWN:]
    if rest:
        yield look.fit(f"  {sum(gap.difference for gap in rest):>+8.2f}{'':>16}  {len(rest)} smaller contributions", 0)
