// SPDX-License-Identifier: Apache-2.0
//
// The names of code addresses. To find one takes milliseconds, so each is looked up once.

import Joist
import Synchronization

/// The frames of the addresses that were asked for so far.
final class SymbolCache: Sendable {
  private struct Entry {
    let frame: StackFrame
    /// Whether the function is one of the runtime's own.
    let isOfRuntime: Bool
  }

  /// The names of the whole program, whichever inspector asked for them.
  static let shared = SymbolCache()

  /// The functions at each address, innermost first: several if some were inlined.
  private let known = Mutex<[UInt: [Entry]]>([:])
  /// The number of addresses above which all are forgotten: some ten megabytes.
  private static var limit: Int { 50_000 }

  /// Returns the frames of a backtrace, innermost first, with inlined functions.
  ///
  /// Of the runtime's own frames at both ends only the one is kept that the program has called.
  func frames(of backtrace: [UInt]) -> [StackFrame] {
    let entries = entries(of: backtrace)
    guard let first = entries.firstIndex(where: { !$0.isOfRuntime }),
      let last = entries.lastIndex(where: { !$0.isOfRuntime })
    else { return entries.map(\.frame) }
    return entries[max(0, first - 1)...last].map(\.frame)
  }

  /// Returns the innermost function of a backtrace that is not the runtime's.
  func function(of backtrace: [UInt]) -> String? {
    for start in stride(from: 0, to: backtrace.count, by: Self.step) {
      let entries = entries(of: Array(backtrace[start..<min(backtrace.count, start + Self.step)]))
      if let entry = entries.first(where: { !$0.isOfRuntime }) { return entry.frame.nameAndPlace }
    }
    return nil
  }

  /// The number of addresses that are looked up at a time.
  private static var step: Int { 8 }

  private func entries(of backtrace: [UInt]) -> [Entry] {
    learn(backtrace)
    return known.withLock { known in
      backtrace.flatMap { known[$0] ?? [Entry(frame: StackFrame(address: $0), isOfRuntime: false)] }
    }
  }

  /// Looks up the addresses that are not known.
  private func learn(_ backtrace: [UInt]) {
    let missing = known.withLock { known in
      if known.count > Self.limit { known.removeAll() }
      return backtrace.filter { known[$0] == nil }
    }
    if missing.isEmpty { return }
    var found: [UInt: [Entry]] = [:]
    for address in missing { found[address] = [] }
    for frame in Trap.frames(of: missing, isFirstExact: false) ?? [] where frame.index < missing.count {
      let address = missing[frame.index]
      found[address]?.append(Entry(frame: StackFrame(address: address, frame), isOfRuntime: frame.isOfRuntime))
    }
    known.withLock { known in for (address, entries) in found { known[address] = entries } }
  }
}

extension StackFrame {
  fileprivate init(address: UInt, _ frame: SymbolFrame) {
    // A closure at the top level of a file is named as one in nothing.
    let name = frame.function.hasSuffix(" in ") ? String(frame.function.dropLast(4)) : frame.function
    self.init(address: address, function: name, file: frame.file, image: frame.image, line: frame.line)
  }

  /// The name of the function, and where it is if the name alone says little.
  var nameAndPlace: String? {
    guard let function else { return nil }
    guard function.hasPrefix("closure"), let file, let line else { return function }
    return "\(function) at \(file.split(separator: "/").last ?? ""):\(line)"
  }
}
