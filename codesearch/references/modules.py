"""Which file a module is, as imports name it: `a.b`, `./a/b`, `crate::a::b`, `example.org/a/b`."""

from __future__ import annotations

import re
from posixpath import dirname, join, normpath

FAMILIES = (
    frozenset({"javascript", "typescript", "tsx", "svelte", "vue", "astro"}),
    frozenset({"c", "cpp", "objc"}),
    frozenset({"java", "kotlin", "scala"}),
    frozenset({"ocaml", "ocaml_interface"}),
)
"""Languages whose code calls each other by name."""

_INDEX = re.compile(r"/(?:__init__|index|mod|lib|main)$|^(?:__init__|index|mod|lib|main)$")
_SUFFIX = re.compile(r"(?:\.d)?\.[a-zA-Z+]+$")
_SOURCE_FOLDERS = frozenset({"src", "lib", "source", "python", "main", "java", "kotlin", "scala", "test", "tests"})

NO, WEAK, STRONG = 0, 1, 2
"""Not this module; inside its folder, so perhaps exported by it; this module."""


def same_family(one: str, other: str) -> bool:
    """Return whether code in one language may call code in the other."""
    return one == other or any(one in family and other in family for family in FAMILIES)


def stem(path: str) -> str:
    """Return a path as imports name it: without suffix, and without the name of the file that stands for a folder."""
    return _INDEX.sub("", _SUFFIX.sub("", path))


def matches(module: str, importer: str, path: str, language: str) -> int:
    """Return NO, WEAK or STRONG: whether the file `path` is the module that the file `importer` names."""
    if language == "python":
        return _python(module, importer, path)
    if module.startswith("."):
        return _relative(normpath(join(dirname(importer), module)), path)
    if language == "go":
        return _folder(module, dirname(path))
    if language == "rust":
        return _rust(module, importer, path)
    if language in ("java", "kotlin", "scala"):
        return _java(module, path)
    if language in ("c", "cpp", "objc"):
        return STRONG if path == module or path.endswith("/" + module) else NO
    return _package(module, path)


def _relative(target: str, path: str) -> int:
    target = stem(target) if target != "." else ""
    own = stem(path)
    if own == target or _SUFFIX.sub("", path) == target:
        return STRONG
    return WEAK if target == "" or path.startswith(target + "/") else NO


def _python(module: str, importer: str, path: str) -> int:
    own = stem(path)
    dots = len(module) - len(module.lstrip("."))
    if dots:
        folder = dirname(importer)
        for _ in range(dots - 1):
            folder = dirname(folder)
        rest = module[dots:].replace(".", "/")
        target = "/".join(part for part in (folder, rest) if part)
        return STRONG if own == target else WEAK if path.startswith(target + "/" if target else "") else NO
    target = module.replace(".", "/")
    if own == target or (own.endswith("/" + target) and _is_root(own[: -len(target) - 1])):
        return STRONG
    at = ("/" + path).find("/" + target + "/")
    if at >= 0 and _is_root(path[: max(0, at - 1)] if at else ""):
        return WEAK
    # A script beside its modules.
    return STRONG if join(dirname(importer), target) == own else NO


def _is_root(folder: str) -> bool:
    """Return whether modules are named from a folder: it is the root, or no package of its own name."""
    return len(folder.split("/")) <= 3


def _folder(module: str, folder: str) -> int:
    """Return how well a folder fits an import path such as `example.org/project/a/b`."""
    if folder and (module == folder or module.endswith("/" + folder)):
        return STRONG
    if not folder:
        return WEAK if module.count("/") <= 3 and "." in module.partition("/")[0] else NO
    parts, own = module.split("/"), folder.split("/")
    return WEAK if parts[-1] == own[-1] and "." in parts[0] else NO


def _rust(module: str, importer: str, path: str) -> int:
    parts = [part for part in re.split(r"::|\.", module) if part not in ("crate", "self", "super", "")]
    if not parts:
        return _rust_around(module, importer, path)
    own = [part for part in stem(path).split("/") if part not in _SOURCE_FOLDERS]
    if own[-len(parts) :] == parts:
        return STRONG
    is_crate = len(parts) == 1 and (parts[0] in own or parts[0].replace("_", "-") in own)
    return WEAK if is_crate or parts[-1:] == own[-1:] else NO


def _rust_around(module: str, importer: str, path: str) -> int:
    """Return how well a file fits `super` and `self`."""
    if dirname(importer) != dirname(path):
        return NO
    return STRONG if module == "super" and stem(path) != stem(importer) else WEAK


def _java(module: str, path: str) -> int:
    target = module.replace(".", "/")
    own = _SUFFIX.sub("", path)
    if dirname(own) == target or dirname(own).endswith("/" + target) or own == target or own.endswith("/" + target):
        return STRONG
    return NO


def _package(module: str, path: str) -> int:
    """Return whether a file may be what a package name means: `@scope/name/part` in a repository of packages."""
    own = stem(path)
    target = module.lstrip("@~#/")
    if own == target or own.endswith("/" + target):
        return STRONG
    name = module.split("/")[-1]
    return WEAK if f"/{name}/" in f"/{path}" and (module.startswith("@") or "/" not in module) else NO
