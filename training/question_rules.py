"""Rules that turn documentation, comments, guides and messages into questions as people would ask them."""

from __future__ import annotations

import random
import re

from codesearch.core.tokens import words
from codesearch.extract import sentences
from codesearch.search.query import STOP_WORDS

LANGUAGE_NAMES = {
    "python": ("python", "python 3"), "javascript": ("javascript", "js", "node"), "typescript": ("typescript", "ts"),
    "tsx": ("react", "typescript"), "go": ("go", "golang"), "rust": ("rust",), "java": ("java",), "c": ("c",),
    "cpp": ("c++", "cpp"), "csharp": ("c#", "csharp"), "ruby": ("ruby",), "php": ("php",), "kotlin": ("kotlin",),
    "swift": ("swift",), "scala": ("scala",), "bash": ("bash", "shell"), "lua": ("lua",), "elixir": ("elixir",),
    "haskell": ("haskell",), "julia": ("julia",), "dart": ("dart", "flutter"), "objc": ("objective-c",),
}  # fmt: skip
"""As people write a language in a question for the web."""

DETERMINER = re.compile(r"(an?|the|all|each|every|any|this|its|one|some|no|new|two|given|whether|if)\b", re.IGNORECASE)
SMALL = frozenset(
    """a an the of to in for and or is are be with that this it its as by on from if which when whether given used
    into not will can has have at any all each whose was then than so such returns return""".split()
)
NOT_VERBS = ("ed", "ing", "ly")
MOST_WORDS = 12
"""Words of a sentence that become a question; the rest is cut off at a clause."""

SYNONYMS = {
    "return": ("get", "give"), "retrieve": ("get", "fetch"), "create": ("make", "build"), "construct": ("build",),
    "delete": ("remove",), "remove": ("delete", "drop"), "check": ("test", "find out"), "compute": ("calculate",),
    "calculate": ("compute",), "determine": ("find out", "decide"), "initialize": ("set up",), "convert": ("turn",),
    "obtain": ("get",), "generate": ("create", "make"), "parse": ("read",), "write": ("save", "output"),
    "append": ("add",), "insert": ("add", "put"), "start": ("begin", "launch"), "stop": ("end", "halt"),
    "display": ("show",), "print": ("show", "output"), "find": ("look up", "search for"), "invoke": ("call",),
    "execute": ("run",), "merge": ("combine", "join"), "split": ("divide", "break up"), "validate": ("check",),
    "verify": ("check",), "function": ("callback", "method"), "argument": ("parameter",), "parameter": ("argument",),
    "directory": ("folder",), "folder": ("directory",), "string": ("text",), "list": ("array",), "array": ("list",),
    "dictionary": ("dict", "map"), "map": ("dictionary",), "error": ("exception", "failure"), "integer": ("number",),
    "configuration": ("config", "settings"), "element": ("item",), "item": ("element", "entry"), "key": ("name",),
    "identifier": ("id",), "request": ("call",), "connection": ("link",), "current": ("present",), "value": ("number",),
    "send": ("transmit",), "receive": ("get",), "wait": ("block",), "filter": ("select",), "sort": ("order",),
}  # fmt: skip
"""Other words for the same. Only whole words are replaced, a few per question."""

CODE_SPAN = re.compile(r"``([^`\n]+)``|`([^`\n]+)`|:\w+:`~?([^`\n]+)`")
NAME_IN_SPAN = re.compile(r"[~.]?((?:\w+(?:\.|::|#|->))*)(\w+[?!]?)(?:\(.*\))?\Z")
_SPELLED = re.compile(r"[a-z0-9][A-Z]|_")
"""Spelling that only names have."""
LINK = re.compile(r"!?\[([^]\n]*)\]\([^)\n]*\)|\[([^]\n]*)\]\[[^]\n]*\]|<https?:[^>\n]*>|https?:\S+")
GUIDE_WORDS = (6, 40)
PLACE = re.compile(r"%[-+0-9.]*[a-zA-Z]|\$?\{[^}]*\}|#\{[^}]*\}|\$\w+")
FILLERS = ("'main'", "3", "foo.txt", '"id"', "42", "/tmp/data", "user_name", "None", "default", "0x7f", "example.com")
PREFIXES = {
    "python": ("ValueError: ", "TypeError: ", "RuntimeError: "), "go": ("panic: ", "error: "), "java":
    ("java.lang.IllegalArgumentException: ", "IllegalStateException: "), "javascript": ("Error: ", "TypeError: "),
    "typescript": ("Error: ",), "rust": ("error: ", "thread 'main' panicked: "), "ruby": ("ArgumentError: ",),
    "csharp": ("System.InvalidOperationException: ",), "php": ("Fatal error: Uncaught Exception: ",),
}  # fmt: skip


def imperative(sentence: str) -> tuple[str, str] | None:
    """Return (verb, rest) of a sentence such as "Returns the open files.": ("return", "the open files").

    None if it does not begin with a verb and an object.
    """
    first, _, rest = sentence.partition(" ")
    verb = first.lower()
    if not DETERMINER.match(rest) or not verb.isalpha() or verb in SMALL - {"return", "returns"}:
        return None
    if verb.endswith(NOT_VERBS):
        return None
    if verb.endswith("ies"):
        verb = verb[:-3] + "y"
    elif re.search(r"(sh|ch|x|ss|zz)es$", verb):
        verb = verb[:-2]
    elif verb.endswith("s") and not verb.endswith("ss"):
        verb = verb[:-1]
    return verb, shortened(rest)


def shortened(text: str) -> str:
    """Return the first clause of a sentence, or its first words."""
    clause = re.split(r"[,;:(]| - | such that | so that | because ", text)[0]
    found = clause.strip(" .").split()
    return " ".join(found[:MOST_WORDS])


def reworded(text: str, chance: random.Random, most: int = 2) -> str:
    """Return a text with some words replaced by others for the same."""
    found = text.split()
    places = [at for at, word in enumerate(found) if word.lower() in SYNONYMS]
    chance.shuffle(places)
    for at in places[:most]:
        found[at] = chance.choice(SYNONYMS[found[at].lower()])
    return " ".join(found)


def how_to(sentence: str, chance: random.Random) -> str:
    """Return a sentence of documentation as a question in full words, or ""."""
    said = imperative(sentence)
    if said is None:
        return ""
    verb, rest = said
    if chance.random() < 0.5:
        verb, rest = reworded(verb, chance, 1), reworded(rest, chance, 1)
    if verb == "return":
        verb = "get"
    return chance.choice(
        (
            f"how to {verb} {rest}", f"how do I {verb} {rest}?", f"where do we {verb} {rest}?",
            f"code that {verb}s {rest}", f"function to {verb} {rest}", f"{verb} {rest}",
            f"where is the code to {verb} {rest}",
            f"what {verb}s {rest}?", f"I want to {verb} {rest}", f"which function {verb}s {rest}",
        )
    )  # fmt: skip


def web_search(sentence: str, language: str, chance: random.Random) -> str:
    """Return a sentence as people type it into a search engine: few small words, often with the language; or ""."""
    said = imperative(sentence)
    text = f"{said[0]} {said[1]}" if said else shortened(sentence)
    text = reworded(text.lower(), chance, 1)
    found = [word for word in re.findall(r"[a-z0-9][\w+#'-]*", text) if word not in SMALL or chance.random() < 0.35]
    telling = [word for word in found if word not in SMALL]
    if not 3 <= len(telling) <= MOST_WORDS:
        return ""
    text = " ".join(found)
    if said and chance.random() < 0.3:
        text = f"how to {text}"
    names = LANGUAGE_NAMES.get(language)
    if names and chance.random() < 0.5:
        name = chance.choice(names)
        text = chance.choice((f"{name} {text}", f"{text} in {name}", f"{text} {name}"))
    return text


def keywords(sentence: str, chance: random.Random) -> str:
    """Return two to four telling words of a sentence, in order; sometimes one of them replaced."""
    telling = [word for word in re.findall(r"[A-Za-z][\w-]+", sentence) if word.lower() not in SMALL | STOP_WORDS]
    if len(telling) < 3:
        return ""
    chosen = sorted(chance.sample(range(len(telling)), min(len(telling), chance.choice((2, 3, 3, 4)))))
    text = " ".join(telling[at].lower() for at in chosen)
    return reworded(text, chance, 1) if chance.random() < 0.3 else text


def pasted(message: str, language: str, chance: random.Random) -> str:
    """Return a message of the source as it is seen when it occurs: values for places, often behind its type."""
    text = PLACE.sub(lambda _: chance.choice(FILLERS), message)
    text = " ".join(re.sub(r"\\[a-z]|\\.", " ", text).split())
    if chance.random() < 0.4 and language in PREFIXES:
        text = chance.choice(PREFIXES[language]) + text
    return text


def guide_sentences(text: str) -> list[tuple[str, str]]:
    """Return (sentence without the name, name) of a guide's sentences with exactly one name in code marks."""
    text = re.sub(r"```.*?```|~~~.*?~~~", "\n\n", text, flags=re.DOTALL)
    found = []
    for paragraph in re.split(r"\n\s*\n|\n\s*[-*+]\s|\n\s*\d+\.\s|\n(?=    )", text):
        if paragraph.startswith(("    ", "\t", "|", "..")):
            continue
        line = LINK.sub(lambda match: match[1] or match[2] or "", " ".join(paragraph.split()).strip("#*- "))
        for sentence in re.split(r"(?<=[a-z`)*])[.!?]\s+(?=[A-Z`])", line):
            spans = list(CODE_SPAN.finditer(sentence))
            if len(spans) != 1:
                continue
            code = next(group for group in spans[0].groups() if group)
            name = NAME_IN_SPAN.match(code.strip())
            if name is None or len(name[2]) < 4:
                continue
            rest = (sentence[: spans[0].start()] + " " + sentence[spans[0].end() :]).strip()
            rest = " ".join(re.sub(r"\(?#\d+\)?|@\w+|[*_]{2,}", " ", rest).split()).strip(" .,;:-")
            if _SPELLED.search(name[2]) and name[2].lower() in rest.lower():
                continue
            if GUIDE_WORDS[0] <= len(rest.split()) <= GUIDE_WORDS[1] and sentences.is_prose(rest):
                found.append((rest, code.strip()))
    return found


def issue(subject: str, body: str) -> str:
    """Return a commit's message as the text of an issue: the subject, and what its body says in prose; or "".

    Trailers and references are left out. "" if the body says little.
    """
    kept = []
    for line in body.splitlines():
        line = line.strip()
        if re.match(
            r"[A-Z][\w-]+(-by|-id|s)?: |(fix(es|ed)?|close[sd]?|refs?|resolves?)\b.{0,12}#\d|\(cherry|Change-Id",
            line,
            re.I,
        ):
            continue
        kept.append(line)
    text = "\n".join(kept).strip()
    prose = " ".join(text.split())
    if not 15 <= len(prose.split()) <= 250 or not sentences.is_prose(re.sub(r"[`'\"().,:_/-]", "", prose)):
        return ""
    return f"{subject}\n{text}"


def title_of(path: str) -> str:
    """Return the words of a file's name, as the title of what it contains: `bubble_sort.py` -> "bubble sort"."""
    stem = path.rpartition("/")[2].partition(".")[0]
    return " ".join(words(stem))
