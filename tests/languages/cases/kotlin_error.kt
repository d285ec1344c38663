package com.example.app

private val spaces = Regex("a")

internal fun Element.full(): String {
    val text = if (deep) $$"$$parent$$$text" else parent
    return text
}

class Finder {
    private fun Element.name() =
        this.parent?.name.orEmpty()
}
