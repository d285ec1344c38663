"""Rules by which mine_pairs.py accepts a sentence as a question for a function."""

from __future__ import annotations

import re
from collections.abc import Iterable

from codesearch.core.tokens import words
from codesearch.core.types import Symbol
from codesearch.extract import sentences

LEFT_OUT = re.compile(
    r"(^|/)(fixtures?|testdata|__fixtures__|snapshots?|examples?|samples?|demos?|benchmarks?|bench|docs?)(/|$)", re.I
)
TEST = re.compile(
    r"(^|/)(tests?|testing|specs?|__tests__|src/(androidTest|jvmTest|commonTest)|[\w.-]+[._-]tests?)(/|$)"
    r"|_test\.|\.test\.|\.spec\.|_spec\.|(?-i:Tests?\.\w+$)|(^|/)test_[^/]*$",
    re.IGNORECASE,
)
EMPTY = re.compile(
    r"(see|todo|fixme|xxx|hack|deprecated|inherit(s|ed|doc)?|copyright|nolint|eslint|note|internal|auto[- ]?generated"
    r"|generated|@|\{@inherit|(default |private |copy )?constructor|initializes a new instance|implements|overrid\w+"
    r"|this (method|function) (is|was|will be) (called|generated|not|only|deprecated|used)|same as|unit tests?"
    r"|non[- ]javadoc|getter for|setter for)\b",
    re.I,
)
DOCSTRING = re.compile(r'[rRuUbB]{0,2}("""|\'\'\')(.*?)\1', re.DOTALL)
SHORTEST, LONGEST = 4, 40
ENGLISH = frozenset(
    """a an the of to in for and or is are be with that this it as by on from if when which not into its will can has
    all each at no given""".split()
)
PLAIN_FROM = 7
"""A text of at least this many words, none of which is in ENGLISH, is not English."""

HASH, DASHES, SLASHES = r"#(?![!\[{#])", r"--(?!\[)", r"//(?![/!])"
LINE = {
    "python": HASH, "ruby": HASH, "bash": HASH, "perl": HASH, "elixir": HASH, "julia": HASH, "hcl": HASH,
    "lua": DASHES, "haskell": DASHES, "sql": DASHES,
}  # fmt: skip
"""The start of a line comment; SLASHES in other languages."""
BLOCK = re.compile(r"^\s*/\*+\s(.*?)\s*\*/\s*$")
COMMENT_WORDS = (4, 22)
SHORT = 15
"""Number of lines; in a longer function, the comment must share a word with the function's name."""
CODE = re.compile(r"[;{}=<>|\\]|\w\(|\)\.|->|::|https?:|\b\w+_\w+\b.*\b\w+_\w+\b|^\W|\w\.\w+\.\w|\?$")
DEAR = re.compile(
    r"\b(todo|fixme|xxx|hack|hmm|bug|workaround|issue|lint|noqa|pragma|coverage|istanbul|eslint|clippy|rubocop|ignored?"
    r"|backward|compat\w*|legacy|deprecated|nothing|actually|anymore|already|above|again|don't|doesn't|won't|can't|we|i"
    r"|our|us|rest|remaining|yet|just|now|step|unless|sanity|unused|previous\w*|below|here)\b",
    re.I,
)
VERBS = frozenset(
    """accept accumulate acquire add adjust advance align allocate append apply assemble assign attach authenticate
    authorize bind blend broadcast build calculate cancel canonicalize capture cast center check choose clamp
    clean clear clip clone close collapse collect combine commit compare compile compose compress compute
    concatenate configure connect construct consume convert copy count create crop decode decompress decrypt
    deduplicate define delete derive deserialize detach detect determine disable discard disconnect dispatch
    display distribute divide download draw drop dump emit enable encode encrypt enforce enqueue ensure
    enumerate escape estimate evaluate evict execute expand expire export extend extract fetch fill filter find
    flatten flip flush fold forward format free gather generate get group handle hash hide highlight identify
    import include increment infer inherit initialize inject insert inspect install instantiate interpolate
    intersect invalidate invert invoke iterate join launch limit link list listen load locate lock log look
    lookup map mask match measure merge migrate move multiply mutate negate normalize notify obtain open
    optimize order pack pad parse partition patch pick poll pop populate prefetch prepare print process produce
    project propagate prune publish pull query queue quote raise randomize read rebuild receive recompute record
    recover redirect reduce refresh register reject release reload remove rename render reorder replace reply
    report request reschedule reset resize resolve restart restore retrieve retry return reverse rewrite rotate
    round route run sample sanitize save scale scan schedule scroll search select send serialize set shift show
    shrink shuffle shut sign simplify slice smooth sort spawn split store stream strip subscribe substitute
    subtract sum suspend swap switch synchronize terminate throttle toggle tokenize translate transform
    transpose traverse trigger trim truncate unescape uninstall union unlink unlock unpack unregister
    unsubscribe unwrap update upgrade upload validate verify visit walk wrap write yield zip""".split()
)
"""A comment that describes the code below it begins with one of these verbs, as `sort` or `sorts`."""

CHANGES = frozenset(
    """allow avoid correct disallow expose fix forbid implement improve introduce make optimise pass prevent respect
    restrict stop support use""".split()
)
"""With VERBS, the first words of accepted commit subjects."""

TAKEN_AWAY = frozenset(
    """clean clear commit compile copy delete discard drop extract format import inspect merge migrate move optimize
    print prune publish release remove reorder report restore simplify split update upgrade""".split()
)
"""First words of subjects of commits that remove code or say nothing about the function."""

TEST_WORDS = frozenset(
    """test tests testing should it spec specs case cases can does works work correctly properly gh""".split()
)
TEST_MARK = re.compile(r"\s*(#\[(\w+::)*test|@(Test|ParameterizedTest)\b|\[(Fact|Theory|Test|TestMethod)\b)")
IN_TESTS = re.compile(r"(^|\W)tests?\W")
CALL = re.compile(r"([A-Za-z_]\w*[!?]?)\s*\(")

PREFIX = re.compile(
    r"^\s*(\[[^]]*\]|\([^)]*\)|\w+(\([^)]*\))?!?:|[\w./*-]+(, ?[\w./*-]+)*: |[A-Z]+-\d+[:.]?|#\d+[:.]?|:\w+:"
    r"|(fix(es|ed)?|closes?d?) #\d+[:,.]?|[A-Z][\w.-]*\s*[-–]\s|MINOR|HOTFIX|NFC|refs? #\d+[:,-]*)\s*",
    re.IGNORECASE,
)
SUFFIX = re.compile(
    r"\s*(\(?(gh-|see |fixes |closes |refs? |re )*#\d+\)?|\([A-Z]+-\d+\)|\[[^]]*\]|,? ?v?\d+\.\d+\S*)\s*$",
    re.IGNORECASE,
)
DULL = re.compile(
    r"\b(typos?|releases?|changelog|readme|copyright|dependabot|whitespace|indent\w*|formatting|v?\d+\.\d+|docs?|docstrings?"
    r"|documentation|coverage|specs?|logo|page|website|\w+docs?|comments?|rubocop|clippy|eslint|phpstan|psalm|p?y?lint\w*|mypy|flake\d?|spelling|wording"
    r"|grammar|warnings?|unused|clean\w*|todo|fixme|clarify|expla\w+|nullable|annotat\w+|typing|types? hints?"
    r"|deprecat\w+|refactor\w*|styles?|tests?|flaky|benchmarks?|ci|nits?|feedback|review|licen[cs]es?|upgrade|compil\w+"
    r"|visibility|imports?|rename\w*|revert\w*|merge branch|public|private|version|errors? in|bug|issue|crash"
    r"|regression|build|makefile|notes?|travis|github|actions?|gradle|maven|cargo|npm|sure|more|better|dependenc\w+|macros?"
    r"|includes?|headers?)\b",
    re.IGNORECASE,
)
"""Words in subjects that do not describe a function."""


def related(asked: list[str], said: Iterable[str], body: str) -> bool:
    """Whether a subject is about a function: its name contains one of the subject's nouns, or its body three."""
    things = stems(asked[1:]) - CHANGES
    return not things.isdisjoint(stems(list(said))) or len(things & stems(body.split())) >= 3


def is_test(path: str) -> bool | None:
    """Whether a file contains tests; None if it contains neither tests nor tested code (examples, fixtures)."""
    if LEFT_OUT.search(path):
        return None
    return TEST.search(path) is not None


def plain(text: str) -> bool:
    """Whether a text is prose and, judging by its function words, English."""
    if not sentences.is_prose(text):
        return False
    found = text.lower().split()
    return len(found) < PLAIN_FROM or not ENGLISH.isdisjoint(found)


def question(symbol: Symbol) -> list[str]:
    """Return the words of the first sentence of a symbol's documentation, or [] if it describes nothing."""
    if not symbol.documentation:
        return []
    text = sentences.first_sentence(symbol.documentation[:2000])
    if EMPTY.match(text) or not plain(text):
        return []
    found = sentences.words_after_name(text, symbol.name)
    if not SHORTEST <= len(found) <= LONGEST:
        return []
    asked = words(" ".join(found))
    return asked if tells_more(asked, symbol) else []


def tells_more(asked: list[str], symbol: Symbol) -> bool:
    """Whether a question contains more than the words of the name and function words."""
    return bool(stems(asked) - stems(words(symbol.name)))


def stems(found: list[str]) -> set[str]:
    """Return words without function words, each without a final s."""
    return {word[:-1] if word.endswith("s") and len(word) > 3 else word for word in found if word not in ENGLISH}


def body_of(symbol: Symbol, text: str) -> str:
    """Return the source of a symbol; a docstring (or `@doc`) inside it is left out."""
    if symbol.language in ("python", "elixir") and symbol.documentation:
        text = DOCSTRING.sub(" ", text, count=1)
    return text


def commented(symbol: Symbol, text: str) -> tuple[list[str], str]:
    """Return (words of the first comment that describes the code below it, the text without the comment).

    ([], the text) if there is none. A comment of several lines counts as a whole.
    """
    mark = re.compile(rf"^\s*{LINE.get(symbol.language, SLASHES)}\s(.*)$")
    lines = text.split("\n")
    at = 1
    while at < len(lines) - 1:
        first, said = at, []
        while at < len(lines) and (found := mark.match(lines[at])):
            said.append(found[1].strip())
            at += 1
        if not said and (block := BLOCK.match(lines[at])):
            said.append(block[1])
            at += 1
        if said and at < len(lines) and lines[at].strip(" \t})];"):
            asked = comment_question(" ".join(said), symbol)
            if asked and (len(lines) <= SHORT or not stems(asked).isdisjoint(stems(words(symbol.qualname)))):
                return asked, "\n".join((*lines[:first], *lines[at:]))
        at = max(at, first + 1)
    return [], text


def comment_question(text: str, symbol: Symbol) -> list[str]:
    """Return the words of a comment if it is a sentence that begins with a verb, or []."""
    text = sentences.SENTENCE_END.split(text.replace("`", ""))[0].strip().rstrip(".:")
    found = text.split()
    if not COMMENT_WORDS[0] <= len(found) <= COMMENT_WORDS[1] or not plain(text):
        return []
    if not is_verb(found[0]) or CODE.search(text) or DEAR.search(text) or EMPTY.match(text):
        return []
    asked = words(text)
    return asked if tells_more(asked, symbol) else []


def is_verb(word: str) -> bool:
    """Whether a word is one of VERBS, bare or in the third person."""
    return not VERBS.isdisjoint(_forms(word))


def _forms(word: str) -> set[str]:
    word = word.lower()
    forms = {word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("d"), word.removesuffix("ed")}
    return forms | {word[:-3] + "y"} if word.endswith(("ies", "ied")) else forms


def marked_test(symbol: Symbol, text: str) -> bool:
    """Whether a function outside test files is a test or a test helper, as in Rust's `mod tests`."""
    scope = symbol.qualname.removesuffix(symbol.name)
    return IN_TESTS.search(scope) is not None or TEST_MARK.match(text) is not None


def test_question(symbol: Symbol, text: str) -> list[str]:
    """Return the words of a test's name without words such as "test"; [] if it is no test or too short."""
    told = words(symbol.name)
    if symbol.kind in ("function", "method"):
        called_test = told and ("test" in (told[0], told[-1]) or "should" in told)
        if not called_test and not TEST_MARK.match(text):
            return []
    elif symbol.kind != "test":
        return []
    told = [word for word in told if word not in TEST_WORDS and not word.isdigit()]
    return told if SHORTEST <= len(told) <= LONGEST and all(word.isascii() for word in told) else []


def names(told: list[str], name: list[str]) -> bool:
    """Whether a test's name contains the words of a function's name, at least two, in sequence."""
    return len(name) >= 2 and any(told[at : at + len(name)] == name for at in range(len(told) - len(name) + 1))


def called(text: str) -> set[str]:
    """Return the names that source code in any supported language calls."""
    return set(CALL.findall(text.partition("\n")[2] or text))


def commit_question(subject: str) -> list[str]:
    """Return the words of a commit's subject without prefixes, or [] if it does not describe a function."""
    text, before = subject.strip(), ""
    while text != before:
        before, text = text, SUFFIX.sub("", PREFIX.sub("", text, count=1), count=1)
    text = text.replace("`", "").strip().rstrip(".")
    found = text.split()
    if DULL.search(text) or not SHORTEST <= len(found) <= 20 or not plain(text):
        return []
    first = _forms(found[0])
    return words(text) if first & (VERBS | CHANGES) and not first & TAKEN_AWAY else []
