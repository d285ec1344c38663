//! Module doc.
const std = @import("std");
/// A cache.
pub const Cache = struct {
    size: usize,
    /// Finds.
    pub fn find(self: *Cache, key: []const u8) ?[]const u8 {
        return null;
    }
    const Inner = union(enum) { a: u32, fn go() void {} };
    test "inner" {}
};
pub fn List(comptime T: type) type {
    return struct {
        const Self = @This();
        pub fn push(self: *Self, x: T) !void {}
    };
}
const Color = enum(u8) { red, green, fn x() void {} };
const Err = error{ A, B };
const Op = opaque { fn z() void {} };
extern "c" fn puts(s: [*:0]const u8) c_int;
export fn add(a: i32, b: i32) i32 { return a + b; }
test "works" { }
test { }
test find { }
const P = packed struct { a: u1 };
inline fn fast() void {}
threadlocal var x: i32 = 1;
const cb = struct { fn f() void {} }.f;
fn @"weird name"() void {}
