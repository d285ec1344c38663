"""Cuts the source of a symbol to a number of tokens: signature and documentation, then what answers the question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codesearch.context.blocks import Block, blocks_of
from codesearch.context.clean import clean
from codesearch.context.token_count import estimate
from codesearch.core import tokens
from codesearch.core.types import CALLABLES, Symbol

PIECE_TOKENS = 60
"""A longer block is divided into its head, its inner blocks and its end."""
ELISION_TOKENS = 8.0
DOCUMENTATION_SHARE = 0.5
"""Share of the budget that signature and documentation may take before anything else."""
COMMENT_LINES = 12
"""Maximum number of lines of a comment above a symbol."""
_COMMENT = ("//", "#", "/*", "*", "--", ";", "%", "(*", "<!--", "@doc", '"""')


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Source of a symbol, perhaps with elisions."""

    text: str
    tokens: float
    whole: bool
    """Whether nothing of the symbol is left out."""


@dataclass(slots=True)
class _Piece:
    first: int
    last: int
    cost: float
    score: float
    depth: int
    parent: _Piece | None
    heads: bool = False
    """Whether it is a short block with inner blocks, or the head of a longer one."""
    shown: bool = False


def excerpt(source: bytes, symbol: Symbol, budget: float, words: Sequence[str] = ()) -> Excerpt:
    """Return the source of a symbol within a budget of tokens; `words` are those of the question.

    The signature is always shown, even if it is longer than the budget, but no more than twenty lines of it.
    """
    lines = [line.rstrip("\r") for line in source.decode("utf-8", "replace").split("\n")]
    last = min(symbol.end_line, len(lines))
    if last < symbol.start_line:
        return Excerpt("", 0.0, whole=True)
    top = _comment_above(lines, symbol)
    costs = {number: estimate(clean(lines[number - 1]) + "\n") for number in range(top, last + 1)}
    if (total := sum(costs.values())) <= budget:
        return Excerpt(_joined(lines, top, last), total, whole=True)
    block = blocks_of(source, symbol.language, symbol.start_line, last, symbol.start_byte, symbol.end_byte)
    pieces = list(_pieces(block, costs, None, 0))
    _score(pieces, lines, words, is_callable=symbol.kind in CALLABLES)
    comment = _Piece(top, symbol.start_line - 1, 0.0, 0.0, 0, None) if top < symbol.start_line else None
    _choose(pieces, budget, costs, comment)
    shown = sorted((*pieces, *([comment] if comment else [])), key=lambda piece: piece.first)
    return _rendered([piece for piece in shown if piece.shown and not _is_blank(piece, lines)], lines, top, last)


def _is_blank(piece: _Piece, lines: list[str]) -> bool:
    """Return whether a piece has blank lines only, which would divide what is left out into several notes."""
    return not any(line.strip() for line in lines[piece.first - 1 : piece.last])


def _comment_above(lines: list[str], symbol: Symbol) -> int:
    """Return the first line of the documentation above a symbol; its own first line if there is none."""
    top = symbol.start_line
    if not symbol.documentation:
        return top
    while top > 1 and symbol.start_line - top < COMMENT_LINES and lines[top - 2].strip().startswith(_COMMENT):
        top -= 1
    return top


def _joined(lines: list[str], first: int, last: int) -> str:
    return "".join(clean(line) + "\n" for line in lines[first - 1 : last])


def _pieces(block: Block, costs: dict[int, float], parent: _Piece | None, depth: int) -> Iterator[_Piece]:
    """Yield the pieces of a block in order; the first is its head, on which its inner pieces depend."""
    cost = _cost(costs, block.first, block.last)
    if not block.inner or (cost <= PIECE_TOKENS and parent is not None):
        for piece in _lines(block.first, block.last, costs, parent, depth):
            piece.heads = bool(block.inner)
            yield piece
        return
    head = _Piece(block.first, block.inner[0].first - 1, 0.0, 0.0, depth, parent, heads=True)
    head.cost = _cost(costs, head.first, head.last)
    yield head
    at = head.last + 1
    for inner in block.inner:
        if inner.first > at:
            yield from _lines(at, inner.first - 1, costs, head, depth + 1)
        yield from _pieces(inner, costs, head, depth + 1)
        at = inner.last + 1
    if at <= block.last:
        yield from _lines(at, block.last, costs, head, depth + 1)


def _lines(first: int, last: int, costs: dict[int, float], parent: _Piece | None, depth: int) -> Iterator[_Piece]:
    """Yield lines without inner blocks as pieces: one, unless they are many (data, a long text)."""
    while first <= last:
        end, cost = first, costs[first]
        while end < last and cost + costs[end + 1] <= PIECE_TOKENS:
            end += 1
            cost += costs[end]
        yield _Piece(first, end, cost, 0.0, depth, parent)
        first = end + 1


def _cost(costs: dict[int, float], first: int, last: int) -> float:
    return sum(costs[number] for number in range(first, last + 1))


def _score(pieces: list[_Piece], lines: list[str], words: Sequence[str], *, is_callable: bool) -> None:
    """Score each piece by the rare words of the question in it; without any, the outline comes first."""
    wanted = {form for word in words for form in tokens.terms(word)}
    found = [wanted & set(tokens.terms(" ".join(lines[piece.first - 1 : piece.last]))) for piece in pieces]
    spread = {word: sum(word in some for some in found) for word in wanted}
    for piece, some in zip(pieces, found, strict=True):
        piece.score = sum(1.0 / spread[word] for word in some)
        if not is_callable and piece.depth <= 1:
            piece.score += 1.0 + piece.heads  # the members of a type say more than the body of one of them
        elif piece.depth <= 1:
            piece.score += 0.02  # the outer statements say what the whole does


def _choose(pieces: list[_Piece], budget: float, costs: dict[int, float], comment: _Piece | None) -> None:
    """Mark the pieces that are shown."""
    head = pieces[0]
    head.last = min(head.last, head.first + 19)
    head.shown = True
    left = budget - head.cost - ELISION_TOKENS
    if comment is not None:
        _cut(comment, DOCUMENTATION_SHARE * left, costs)
        left -= comment.cost
    elif len(pieces) > 1 and pieces[1].depth == 1 and pieces[1].cost <= DOCUMENTATION_SHARE * left:
        pieces[1].shown = True  # a docstring, or the first statement
        left -= pieces[1].cost
    for piece in sorted(pieces, key=lambda one: (-one.score, one.depth, one.first)):
        chain = [piece]
        while (above := chain[-1].parent) is not None and not above.shown:
            chain.append(above)
        cost = sum(one.cost for one in chain if not one.shown) + ELISION_TOKENS
        if not piece.shown and cost <= left:
            for one in chain:
                one.shown = True
            left -= cost


def _cut(comment: _Piece, budget: float, costs: dict[int, float]) -> None:
    """Show as many of the last lines of a comment as fit; the text above them is cut."""
    last = comment.last
    while comment.first <= last and _cost(costs, comment.first, last) > budget:
        last -= 1
    comment.last = last
    comment.cost = _cost(costs, comment.first, last) if last >= comment.first else 0.0
    comment.shown = last >= comment.first


def _rendered(shown: list[_Piece], lines: list[str], top: int, last: int) -> Excerpt:
    parts: list[str] = []
    whole, at = True, top
    for piece in (*shown, None):
        first = last + 1 if piece is None else piece.first
        gap = [number for number in range(at, first) if lines[number - 1].strip()]
        if len(gap) > 1:
            indent = len(lines[gap[0] - 1]) - len(lines[gap[0] - 1].lstrip())
            parts.append(f"{' ' * min(indent, 24)}... lines {at}-{first - 1} ...\n")
            whole = False
        elif gap:  # no longer than the note that it is left out
            parts.append(_joined(lines, gap[0], gap[0]))
        elif at < first:
            parts.append("\n")
        if piece is not None:
            parts.append(_joined(lines, piece.first, piece.last))
            at = piece.last + 1
    text = "".join(parts)
    return Excerpt(text, estimate(text), whole)
