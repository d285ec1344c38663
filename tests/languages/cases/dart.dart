import 'dart:io';

/// A cache.
@immutable
abstract class Cache<K> extends Base with M implements I {
  Cache(this.size);
  Cache.empty() : size = 0 { print(1); }
  factory Cache.of(int n) => Cache(n);
  const Cache._();
  final int size;
  /// Count.
  int get count => size;
  set count(int v) { }
  static Future<int> find(K key, {int? x}) async { int inner() => 1; return 1; }
  int area();
  bool operator ==(Object o) => true;
  final handler = (int x) => x + 1;
  external void native();
  late final void Function() cb;
}
mixin M on Base { void go() {} }
enum Color { red, green; int x() => 1; }
extension StringX on String { String shout() => toUpperCase(); }
extension on int { int twice() => this * 2; }
extension type Id(int v) { int get w => v; }
typedef Handler = int Function(int);
int top(int x) => x;
void main() { group('g', () { test('works', () { expect(1, 1); }); testWidgets('w', (t) async {}); }); }
var f = (x) { return x; };
int get topGetter => 1;
sealed class Shape {}
class A = B with M;
