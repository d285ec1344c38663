package com.example.app

/** A cache of [K]. */
@Singleton
class Cache<K : Any>(private val size: Int) : Base(size), Closeable {
    /** Entries now held. */
    val count: Int
        get() = map.size

    constructor(name: String) : this(name.length) {
        println(name)
    }

    // Looks a key up.
    override suspend fun find(key: K): String? {
        fun inner() = 1
        return map[key]
    }

    companion object {
        const val MAX = 10
        fun of(n: Int): Cache<Int> = Cache(n)
    }

    inner class Entry
}

sealed interface Shape { fun area(): Double }

enum class Color {
    RED { override fun shade() = 1 },
    GREEN;

    open fun shade() = 2
}

fun interface Action { fun run() }

object Registry {
    fun add(x: Int) {}
}

/**
 * Twice the list.
 *
 * @return a new list
 */
fun <T> List<T>.twice(): List<T> = this + this

val String.shout: String get() = uppercase()
typealias Handler = (Int) -> Unit
val handler = { x: Int -> x + 1 }

class CacheTest {
    @Test
    fun `finds a key`() {
    }
}
