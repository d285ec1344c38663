"""The questions: who calls a symbol, what it calls, what implements it, what tests it, what nothing names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from codesearch.core.errors import NotFoundError
from codesearch.core.filter import TEST, Filter, has_role
from codesearch.core.references import BASE, CALL, DECORATOR, NEW, ROLES, USE
from codesearch.core.types import CALLABLES, Symbol
from codesearch.index import Index
from codesearch.references.common_names import COMMON
from codesearch.references.containers import is_constructor, is_type, owner
from codesearch.references.edges import CONFIDENCES, Confidence, Edge, at_least
from codesearch.references.modules import same_family
from codesearch.references.resolver import Resolver
from codesearch.store import Store
from codesearch.store.references import Known, Place, References

_CALLING = (CALL, NEW, DECORATOR, USE)
MOST_STEPS = 4
"""Arrows that `tests` follows backwards: further away, nearly everything is tested by everything."""


def callers(of: Index | Store, symbol: Symbol, *, confidence: Confidence = "likely") -> list[Edge]:
    """Return the symbols that call or construct a symbol, the surest first, at least as sure as `confidence`.

    Raises NotFoundError if there is no index, or the symbol is not in it.
    """
    graph = Graph(of)
    return graph.edges(graph.incoming(graph.known(symbol)), confidence)


def left_behind(of: Index | Store, removed: Symbol) -> list[Edge]:
    """Return the symbols that call or construct a name that was removed, and that nothing in the index has any more.

    Names that most libraries have are left out. Raises NotFoundError if there is no index.
    """
    graph = Graph(of)
    if removed.name in COMMON or graph.resolver.defined(removed.name):
        return []
    places = graph.references.naming(removed.name, (CALL, NEW, DECORATOR))
    graph.resolver.load([place.symbol for place in places])
    callers = [(place, graph.resolver.symbol(place.symbol)) for place in places]
    spoken = [(place, one.id) for place, one in callers if same_family(one.symbol.language, removed.language)]
    return graph.edges([(place, id, "likely") for place, id in spoken], "likely")


def callees(of: Index | Store, symbol: Symbol, *, confidence: Confidence = "likely") -> list[Edge]:
    """Return the symbols of the index that a symbol calls or constructs, by line. Raises as `callers`.

    What the symbols inside it call counts as its own if it is a type or a module.
    """
    graph = Graph(of)
    edges = graph.edges(graph.outgoing(graph.known(symbol)), confidence)
    return [replace(edge, source=symbol.path) for edge in sorted(edges, key=lambda edge: edge.lines)]


def implementations(of: Index | Store, symbol: Symbol, *, confidence: Confidence = "likely") -> list[Edge]:
    """Return the types that inherit or implement a type, or the methods that override a method. Raises as `callers`."""
    graph = Graph(of)
    return graph.edges(graph.implementing(graph.known(symbol)), confidence)


def tests(of: Index | Store, symbol: Symbol, *, confidence: Confidence = "likely", steps: int = 2) -> list[Edge]:
    """Return the tests that reach a symbol by at most `steps` calls, the nearest first. Raises as `callers`."""
    graph = Graph(of)
    found = graph.reaching([graph.known(symbol)], confidence, min(steps, MOST_STEPS))
    return [edge for edge in found if graph.is_test(edge.symbol)]


def unused(of: Index | Store, where: Filter | None = None) -> Iterator[Symbol]:
    """Yield the symbols whose name nothing in the index mentions but they themselves, by path and line.

    It is the filter `is:unused`. What runs them from outside (a framework, a program that uses the library) is unknown.
    Raises NotFoundError if there is no index.
    """
    return store_of(of).listing((where or Filter()) & Filter(roles=("unused",)))


def supported(language: str) -> bool:
    """Return whether the references of a language are known; for others, all functions here return nothing."""
    from codesearch import languages

    return bool(languages.get(language).references)


def store_of(of: Index | Store) -> Store:
    """Return the store of an index. Raises NotFoundError if there is none."""
    return of if isinstance(of, Store) else of.required_reader()


class Graph:
    """The edges of one index, for one question."""

    def __init__(self, of: Index | Store) -> None:
        self.references = References(store_of(of).connection)
        self.resolver = Resolver(self.references)
        self._tests: dict[tuple[str, int], bool] = {}

    def known(self, symbol: Symbol) -> Known:
        """Return a symbol with its id. Raises NotFoundError if the index does not hold it."""
        found = [one for one in self.resolver.defined(symbol.name) if one.symbol.path == symbol.path]
        found = found or self.references.in_file(symbol.path)
        for one in found:
            if (one.symbol.start_byte, one.symbol.qualname) == (symbol.start_byte, symbol.qualname):
                return one
        raise NotFoundError(f"{symbol.path}:{symbol.start_line}: {symbol.qualname} is not in the index any more")

    # -- one step ---------------------------------------------------------------------------------

    def incoming(self, known: Known) -> Iterator[tuple[Place, int, Confidence]]:
        """Yield (place, id of the symbol that contains it, confidence) of what may call a symbol."""
        for name in self._names(known):
            places = self.references.naming(name, _CALLING)
            self.resolver.load([place.symbol for place in places])
            for place in places:
                for target, confidence in self.resolver.resolve(place):
                    if self._same(target, known) and (place.symbol != known.id or confidence == "exact"):
                        yield place, place.symbol, confidence
                        break

    def _names(self, known: Known) -> list[str]:
        """Return the names by which a symbol is called: a constructor by that of its class."""
        symbol = known.symbol
        names = [symbol.name]
        if is_constructor(known) and owner(known) != symbol.name:
            names.append(owner(known))
        return names

    def _same(self, target: Known, known: Known) -> bool:
        """Return whether calling one symbol calls the other."""
        if target.id == known.id:
            return True
        if is_type(target) and is_constructor(known):
            return target.symbol.name == owner(known) and (
                target.symbol.path == known.symbol.path
                and target.symbol.start_line <= known.symbol.start_line <= target.symbol.end_line
            )
        return False

    def outgoing(self, known: Known) -> Iterator[tuple[Place, int, Confidence]]:
        """Yield (place, id of the symbol that is called, confidence) of what a symbol may call."""
        for at in self._inside(known):
            for place in self.references.within(at, roles=_CALLING):
                for target, confidence in self.resolver.resolve(place):
                    yield place, target.id, confidence

    def _inside(self, known: Known) -> list[int]:
        symbol = known.symbol
        if symbol.kind in CALLABLES:
            return [known.id]
        return [
            one.id
            for one in self.references.in_file(symbol.path)
            if symbol.start_byte <= one.symbol.start_byte and one.symbol.end_byte <= symbol.end_byte
        ]

    def implementing(self, known: Known) -> Iterator[tuple[Place, int, Confidence]]:
        """Yield (place, id, confidence) of what implements a type or overrides a method."""
        resolver = self.resolver
        if is_type(known):
            waiting, seen = [known], {known.id}
            while waiting:
                around = waiting.pop(0)
                for one in resolver.derived(around):
                    if one.id not in seen:
                        seen.add(one.id)
                        waiting.append(one)
                        place = Place(one.id, one.symbol.start_line, BASE, around.symbol.name, "")
                        yield place, one.id, "exact"
            return
        types = [one for one in resolver.defined(owner(known)) if is_type(one)]
        own = [one for one in types if one.symbol.path == known.symbol.path] or types[:1]
        for around in own:
            for _, id, confidence in list(self.implementing(around)):
                derived = resolver.symbol(id)
                for one in resolver.defined(known.symbol.name):
                    if owner(one) == derived.symbol.name and one.symbol.path == derived.symbol.path:
                        yield Place(one.id, one.symbol.start_line, BASE, one.symbol.name, ""), one.id, confidence

    # -- many steps -------------------------------------------------------------------------------

    def reaching(self, begun: Sequence[Known], confidence: Confidence, steps: int, most: int = 5000) -> list[Edge]:
        """Return what calls some symbols, directly or through others, the nearest first."""
        found: dict[int, Edge] = {}
        level, seen = list(begun), {one.id for one in begun}
        for distance in range(1, steps + 1):
            upper: dict[int, Known] = {}
            for known in level:
                for edge_id, edge in self._grouped(self.incoming(known), confidence):
                    if edge_id not in seen and len(found) < most:
                        seen.add(edge_id)
                        upper[edge_id] = self.resolver.symbol(edge_id)
                        found[edge_id] = Edge(edge.symbol, edge.lines, edge.confidence, edge.role, distance)
            level = list(upper.values())
        return list(found.values())

    def is_test(self, symbol: Symbol) -> bool:
        """Return whether a symbol is a test, or in a file of tests."""
        key = symbol.path, symbol.start_byte
        if key not in self._tests:
            self._tests[key] = has_role(TEST, symbol.kind, self.known(symbol).roles)
        return self._tests[key]

    # -- as edges ---------------------------------------------------------------------------------

    def edges(self, found: Iterable[tuple[Place, int, Confidence]], confidence: Confidence) -> list[Edge]:
        """Return one edge per symbol, the surest first, then by path and line."""
        edges = [edge for _, edge in self._grouped(found, confidence)]

        def order(edge: Edge) -> tuple[int, str, int]:
            return CONFIDENCES.index(edge.confidence), edge.symbol.path, edge.symbol.start_line

        return sorted(edges, key=order)

    def _grouped(
        self, found: Iterable[tuple[Place, int, Confidence]], confidence: Confidence
    ) -> Iterator[tuple[int, Edge]]:
        groups: dict[int, list[tuple[Place, Confidence]]] = {}
        for place, id, level in found:
            if at_least(level, confidence):
                groups.setdefault(id, []).append((place, level))
        self.resolver.load(list(groups))
        for id, places in groups.items():
            best = min((level for _, level in places), key=CONFIDENCES.index)
            lines = tuple(sorted({place.line for place, _ in places}))
            yield id, Edge(self.resolver.symbol(id).symbol, lines, best, ROLES[places[0][0].role])
