package com.example.app

/** A cache.
  * More text.
  */
@deprecated("x", "1")
class Cache[K](val size: Int) extends Base(size) with Closeable {
  // Finds
  override def find(key: K): Option[String] = { def inner = 1; map.get(key) }
  def this(a: String) = this(a.length)
  val f: Int => Int = x => x + 1
  val g = { case x: Int => 1 }: PartialFunction[Any, Int]
  lazy val z = 1
  type T = Int
  def abs: Int
  def +(o: Int): Int = 1
}
object Cache { def apply(n: Int): Cache[Int] = new Cache(n); implicit class Ops(x: Int) { def twice = 2 } }
case class Point(x: Int, y: Int)
case object Nil2
sealed trait Shape { def area: Double }
enum Color { case Red, Green; def x = 1 }
package object util { def u = 1 }
given ordInt: Ordering[Int] with { def compare(a: Int, b: Int) = 0 }
given Ordering[String] with
  def compare(a: String, b: String) = 0
extension (s: String) def shout: String = s.toUpperCase
extension [T](xs: List[T])
  def second: T = xs.tail.head
  def third: T = xs(2)
trait M[F[_]]:
  def pure[A](a: A): F[A]
implicit val show: Show[Int] = new Show[Int] { def show(x: Int) = "" }
opaque type Id = String
class S extends FunSuite { test("adds") { 1 }; describe("x") { it("does") { 1 } } 
 "A stack" should "pop" in { 1 } }
private def top(x: Int)(implicit y: Int): Int = x
