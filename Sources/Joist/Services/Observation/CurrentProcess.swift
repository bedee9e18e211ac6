// SPDX-License-Identifier: Apache-2.0
//
// Which process the calling thread works for, without a context: for code far from a body, such as a log statement.
// The fields of the process that are read here are its own (PS1). The code that asks is the process's code, or the
// process waits for it in `blocking`, so nothing else writes them meanwhile.

/// The process whose code, or whose `blocking` closure, the calling thread runs.
package struct CurrentProcess: Sendable {
  /// The identity of the process.
  package let id: ProcessID
  /// A registered name of the process; nil if it has none.
  package let name: String?
  /// The supervisor's child that the process is; nil if it is not one.
  package let child: Report.Child?
  /// The trace token of the process; nil if it has none.
  package let token: TraceToken?

  /// The process of the calling thread; nil on a thread that works for none.
  ///
  /// Looks at the watches of the process, and searches all names if it has one: some nanoseconds for each of them. Does
  /// not park.
  package static var here: CurrentProcess? {
    guard let record = runningHere else { return nil }
    let id = record.it.identity
    let services = record.servicesIfAny
    let name = services?.isNamed == true ? record.home.it.names.name(of: id) : nil
    return CurrentProcess(id: id, name: name, child: services?.it.child, token: record.token)
  }

  /// Whether the calling thread works for a process, which must not block it.
  package static var isHere: Bool { runningHere != nil }

  private static var runningHere: ProcessHandle? {
    if let scheduler = Scheduler.current { return scheduler.it.running }
    return ProcessHandle.waitingForThisThread
  }
}

extension Handle<ServiceExtras> {
  /// Whether the process may have a registered name: the watches of names, and few others, are told first (WA1).
  fileprivate var isNamed: Bool {
    it.lock.withLock {
      it.watches.firstPlace { if case .object(_, isFirst: true) = $0 { true } else { false } } != nil
    }
  }
}
