// SPDX-License-Identifier: Apache-2.0
//
// A list that processes and tests share.

#if Telemetry
  import Synchronization

  /// What processes have noted.
  final class Log<Entry: Sendable>: Sendable {
    private let noted = Mutex<[Entry]>([])

    var entries: [Entry] { noted.withLock { $0 } }
    func add(_ entry: Entry) { noted.withLock { $0.append(entry) } }
  }
#endif
