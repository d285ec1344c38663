"""Stack traces as languages print them."""

from __future__ import annotations

import time

import pytest

from codesearch.search.traces import MAX_FRAMES, Frame, frames


@pytest.mark.parametrize(
    ("trace", "found"),
    [
        (
            """Traceback (most recent call last):
              File "/srv/app/main.py", line 7, in <module>
                main()
              File "/srv/app/main.py", line 4, in main
                pool.take()
              File "/srv/app/pool.py", line 12, in take
                raise Full""",
            [("take", "/srv/app/pool.py"), ("main", "/srv/app/main.py")],
        ),
        (
            """TypeError: slot is undefined
                at async Pool.take (/srv/app/pool.js:12:5)
                at new Server (file:///srv/app/server.mjs:1:2)
                at /srv/app/main.js:3:4
                at run (webpack:///./src/main.tsx:3:4)""",
            [
                ("take", "/srv/app/pool.js"),
                ("Server", "file:///srv/app/server.mjs"),
                ("run", "webpack:///./src/main.tsx"),
            ],
        ),
        (
            """Exception in thread "main" java.lang.IllegalStateException: full
                at com.app.Pool.take(Pool.java:12)
                at com.app.Pool$Guard.lambda$run$0(Pool.java:22)
                at com.app.MainKt.main(Main.kt)""",
            [("take", "Pool.java"), ("run", "Pool.java")],
        ),
        (
            """panic: full

            goroutine 1 [running]:
            main.(*Pool).Take(0xc000, 0x1)
                /srv/net/pool.go:12 +0x1d
            main.main()
                /srv/main.go:5 +0x20""",
            [("Take", "/srv/net/pool.go"), ("main", "/srv/main.go")],
        ),
        ("stack backtrace: 12: app::pool::Pool<T>::take at ./src/pool.rs:12:5", [("take", "./src/pool.rs")]),
        (
            r"#0 /srv/src/Pool.php(12): App\Pool->take('a') #1 /srv/index.php(3): run() #2 {main}",
            [("take", "/srv/src/Pool.php"), ("run", "/srv/index.php")],
        ),
        (
            "/srv/pool.rb:12:in 'Pool#take?': full (RuntimeError) from /srv/run.rb:3:in `block in run'",
            [("take?", "/srv/pool.rb"), ("run", "/srv/run.rb")],
        ),
        (
            r"Full: x at App.Pool.Take(String name, Int32 n) in C:\srv\Pool.cs:line 12",
            [("Take", "C:/srv/Pool.cs")],
        ),
        ("where does pool.py:12 take a slot at night (see main.go:3)", []),
    ],
)
def test_the_frames_of_a_trace_are_found_innermost_first(trace: str, found: list[tuple[str, str]]) -> None:
    assert frames(trace) == [Frame(*one) for one in found]
    assert frames(" ".join(trace.split())) == [Frame(*one) for one in found]  # as a query is


def test_of_a_deep_trace_the_innermost_frames_are_read() -> None:
    deep = " ".join(f'File "lib/step_{n}.py", line {n}, in step_{n}' for n in range(100))
    assert [frame.name for frame in frames(deep)] == [f"step_{n}" for n in range(99, 99 - MAX_FRAMES, -1)]


@pytest.mark.parametrize(
    "text",
    [
        "at ",
        "( ",
        "a.b(",
        "1: ",
        "#1 a",
        "at x(",
        'File "',
        "/a",
        "x",
        "a.",
        ".rb:1:in `",
        "at a.b.c (",
        "File , line ",
    ],
)
def test_no_text_takes_long(text: str) -> None:
    long = (text * 10_000)[:10_000]  # the longest query; it takes a few milliseconds
    start = time.process_time()
    frames(long)
    assert time.process_time() - start < 1.0
