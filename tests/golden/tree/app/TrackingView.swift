import SwiftUI

/// A stop of the delivery van.
struct Stop: Identifiable {
    let id: Int
    let name: String
    let minutesAway: Int
}

/// Shows on a map how far the delivery is.
struct TrackingView: View {
    @State private var stops: [Stop] = []

    var body: some View {
        List(stops) { stop in
            Text("\(stop.name): \(arrivalText(minutes: stop.minutesAway))")
        }
        .task { await refresh() }
    }

    /// Asks the server where the van is now.
    func refresh() async {
        guard let url = URL(string: "https://larder.example/api/tracking"),
              let (data, _) = try? await URLSession.shared.data(from: url) else { return }
        stops = (try? JSONDecoder().decode([Stop].self, from: data)) ?? stops
    }
}

/// "now", "in 5 minutes", "in about an hour".
func arrivalText(minutes: Int) -> String {
    switch minutes {
    case ..<1: return "now"
    case ..<50: return "in \(minutes) minutes"
    default: return "in about an hour"
    }
}

extension Stop: Decodable {}
