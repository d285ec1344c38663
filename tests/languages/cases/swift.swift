import Foundation

/// A cache.
///
/// More.
@available(iOS 13, *)
public final class Cache<Key: Hashable>: NSObject {
    /// Count now.
    public var count: Int { return store.count }
    var lazyOne: Int = 3 { didSet { print(1) } }
    lazy var made: Foo = { Foo() }()
    let handler = { (x: Int) in x + 1 }
    static let shared = Cache()
    public init(size: Int) throws { self.size = size }
    required init?(coder: NSCoder) { nil }
    deinit { close() }
    public subscript(key: Key) -> Int? { get { store[key] } set { } }
    /** Finds it. */
    @discardableResult
    public func find(_ key: Key, in b: Int) async throws -> Int? { func inner() {}; return nil }
    static func == (l: Cache, r: Cache) -> Bool { true }
    class func make() {}
    enum Kind: String { case a, b; func x() {} }
}
struct Point { var x: Int; mutating func move() {} }
protocol Shape: AnyObject { associatedtype T; var area: Double { get }; func draw(on c: Int) -> Bool; init(x: Int) }
extension Array where Element == Int { func sum() -> Int { 0 } }
extension Cache.Inner: Shape { var y: Int { 1 } }
actor Store { func put() {} }
typealias Handler = (Int) -> Void
func top<T>(_ x: T) -> T { x }
prefix operator +++
prefix func +++ (x: Int) -> Int { x }
indirect enum Tree { case leaf }
macro stringify<T>(_ value: T) -> (T, String) = #externalMacro(module: "M", type: "S")
infix operator ...: RangePrecedence
struct Span {
    /// From the first to the last.
    static func ... (first: Int, last: Int) -> Span { Span() }
    static func ..< <T: Comparable>(first: T, end: T) -> Span { Span() }
    static func ..<<T>(first: T, end: [T]) -> Span { let all = 1...9; return Span() }
    static postfix func ... (first: Int) -> Span { Span() }
    func length() -> Int { 0 }
}
