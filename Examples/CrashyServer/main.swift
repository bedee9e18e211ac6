// SPDX-License-Identifier: Apache-2.0
//
// A server in which a crash closes only the connection that caused it. Each connection is a process, and one more
// process owns all sockets. Read SocketOwner.swift first.

import Dispatch
import Foundation
import Joist
import JoistSupervision

/// Prints one line to standard error and ends the program.
func stop(_ line: String, status: Int32) -> Never {
  FileHandle.standardError.write(Data("CrashyServer: \(line)\n".utf8))
  exit(status)
}

/// Writes one line of the log without buffering.
@Sendable func log(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

/// Returns the text of a report.
///
/// For a trap without a message, as in release builds, it adds the symbolicated source location.
@Sendable func line(_ report: Report) -> String {
  guard case .abnormalExit(_, _, .trap(let trap)) = report.event, trap.message == nil else { return "\(report)" }
  let place = trap.symbolicated().first { !$0.contains("<compiler-generated>") }
  return place.map { "\(report), \($0)" } ?? "\(report)"
}

/// Returns the port that the arguments ask for; ends the program if they are wrong.
func port(_ arguments: [String]) -> UInt16 {
  let usage = "usage: CrashyServer [--port N]"
  switch arguments.first {
  case nil: return 4_040
  case "--help":
    print(usage)
    exit(0)
  case "--port":
    guard arguments.count == 2, let port = UInt16(arguments[1]) else {
      stop("--port needs a number from 0 (any free port) to 65535; \(usage)", status: 64)
    }
    return port
  case let other?: stop("unknown argument \(other); \(usage)", status: 64)
  }
}

let wanted = port(Array(CommandLine.arguments.dropFirst()))
signal(SIGPIPE, SIG_IGN)  // writing to a disconnected client returns an error instead
signal(SIGINT, SIG_IGN)  // Ctrl-C is handled by the signal source below

do {
  let listener = try Socket.listening(on: wanted)
  let runtime = try ProcessRuntime()
  let reports = DispatchQueue(label: "reports")
  runtime.handleReports { report in reports.async { log(line(report)) } }

  let top = try Supervisor(.restForOne) {
    Child("owner", options: .init(name: SocketOwner.name), server: { SocketOwner() })
    Child("acceptor", Never.self) { process in try Acceptor(listener: listener).run(process) }
  }.start(on: runtime)

  let interrupt = DispatchSource.makeSignalSource(signal: SIGINT)
  interrupt.setEventHandler { @Sendable in top.exit() }
  interrupt.activate()

  log("listening on 127.0.0.1:\(listener.port); try: nc 127.0.0.1 \(listener.port)")

  let reason = top.joinBlocking() ?? .normal
  runtime.shutdown()
  reports.sync {}
  if !reason.isOrderly { stop("\(reason)", status: 1) }
} catch {
  stop("\(error)", status: 1)
}
