package larder.app

/** A notification as the server sends it. */
data class Push(val title: String, val text: String, val order: Int?)

/** Shows notifications, and opens the order when one is tapped. */
class PushReceiver(private val notifier: Notifier, private val settings: Settings) {
    private val shown = LinkedHashSet<String>()

    /** Shows a notification unless it was shown before or the customer sleeps. */
    fun onReceive(id: String, push: Push, hour: Int): Boolean {
        if (!shown.add(id) || isQuiet(hour)) return false
        notifier.notify(push.title, push.text)
        return true
    }

    /** Whether nothing may make a sound: between ten in the evening and seven in the morning. */
    fun isQuiet(hour: Int): Boolean = settings.quietHours && (hour >= 22 || hour < 7)

    fun forgetOld(most: Int = 100) {
        while (shown.size > most) shown.remove(shown.first())
    }
}

interface Notifier {
    fun notify(title: String, text: String)
}

data class Settings(val quietHours: Boolean = true)
