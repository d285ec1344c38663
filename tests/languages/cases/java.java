/*
 * Licensed under the Apache License, Version 2.0
 */
package com.example;

/**
 * Reads JSON.
 *
 * @param <T> the type
 */
@Deprecated
public final class Reader<T> implements Closeable {
  private final Function<String, T> parse = text -> null;

  /** Makes one. */
  public Reader(InputStream in) throws IOException { }

  @Override
  @SuppressWarnings({"unchecked", "raw(types)"})
  public <R> R read(Class<R> type, int... flags)
      throws IOException {
    Runnable run = () -> {};
    return new Object() {
      int hidden() { return 1; }
    };
  }

  interface Visitor { void visit(Reader<?> reader); default int depth() { return 0; } }

  enum Mode { FAST { int cost() { return 1; } }; abstract int cost(); }

  record Point(int x, int y) { Point { } }

  @interface Marker { String value() default ""; }
}
