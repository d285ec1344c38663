"""Names of methods that the libraries of most languages have: one definition in the index proves nothing."""

from __future__ import annotations

COMMON = frozenset(
    """
    add addAll all any append apply assert assertEqual at await begin bind build byteLength bytes call cancel
    capitalize catch ceil charAt chars clear clone close collect compare compareTo concat connect contains
    containsKey copy count create data debug decode default defer delete describe destroy difference disconnect
    discard done drop dump dumps each emit empty encode end endsWith endswith entries enumerate entrySet equal
    equals error every exec execute exists exit expect extend fail false filter finally find findIndex first flat
    flatMap flatten floor flush fold forEach format formatted from front fromEntries get getAttribute getClass
    getItem getKey getLogger getMessage getName getOrDefault getOwnPropertyNames getTime getValue group groups
    handle has hasNext hasOwnProperty hash hashCode head id includes index indexOf info init insert intersection
    into invoke is isEmpty isEqual is_empty is_file is_dir is_some is_none is_ok is_err isinstance item items iter
    iterator join keySet key keys last lastIndexOf len length limit lines list listen load loads lock log lower main
    map match matches max merge message min mkdir name new next notify now of off ok on once open or ord parse
    parseInt partition path peek ping pipe pop popleft position post pow prepend preventDefault print println
    process push put query raise range read readline readlines ready recv redirect reduce register reject release
    remove removeAll rename render replace replaceAll request require reset resize resolve result resume return
    reverse rewind rfind round run save search seek select send session set setAttribute setDefault setItem setName
    setState setUp setValue setdefault shift show shuffle shutdown signal size skip sleep slice some sort sorted
    source split splice splitlines start startsWith startswith stat state status step stop str stream string strip
    sub submit subscribe substr substring success sum swap symmetric_difference sync tail take tearDown tell test
    text then throw time timeout title toArray toBe toEqual toFixed toJSON toList toLowerCase toString toUpperCase
    to_owned to_string trim truncate type union unlock unshift unsubscribe unwrap update upper url use validate
    value valueOf values view visit wait walk warn warning with wrap write writelines yield zip Add Close Error
    Errorf Fatal Fatalf Get Lock Name New Print Printf Println Read Run Set Size Sprintf String Unlock Unwrap Write
    """.split()
)
