// SPDX-License-Identifier: Apache-2.0
//
// Names and lines for the addresses of a backtrace, found by the toolchain's own module.

#if os(Linux) && canImport(Runtime)
  @_spi(Internal) import Runtime

  #if arch(x86_64)
    private let architecture = "x86_64"
  #else
    private let architecture = "arm64"
  #endif
#endif

/// A frame of a backtrace in words.
package struct SymbolFrame: Sendable, Hashable {
  /// The index of the address in the backtrace; several frames have the same one if functions were inlined.
  package let index: Int
  /// The name of the function, and of its image.
  package let function, image: String
  /// The file, and the line and column, as far as there is debug information.
  package let file: String?
  package let line, column: Int?
  /// Whether the function is one of the runtime's own.
  package let isOfRuntime: Bool
}

extension Trap {
  /// Returns the backtrace in words, one line per frame, with inlined frames.
  ///
  /// Each line names the function, and file and line as far as there is debug information. Thunks and other code that
  /// the compiler has put between functions of the source are left out. If there is no ``message``, the first line
  /// often gives the reason, such as `Swift runtime failure: …`. If the standard library trapped, the first lines are
  /// its own: the first line that names a file of your program is where it was called. On a platform without the
  /// toolchain's module, the lines are addresses.
  ///
  /// Takes milliseconds, some hundred kilobytes of stack, and memory that stays allocated. Inside a process, call it
  /// in `blocking`; in a handler of reports, on a dispatch queue.
  public func symbolicated() -> [String] {
    Trap.lines(backtrace, Trap.frames(of: backtrace, isFirstExact: true))
  }

  /// Returns return addresses in words, such as those of ``Deadlock/Wait/backtrace``, one line per frame.
  ///
  /// Costs what ``symbolicated()`` costs.
  ///
  /// - Parameter backtrace: Return addresses of this program, innermost first.
  /// - Returns: A line for each function, or the addresses if the platform has no names.
  public static func symbolicate(_ backtrace: [UInt]) -> [String] {
    lines(backtrace, frames(of: backtrace, isFirstExact: false))
  }

  #if os(Linux) && canImport(Runtime)
    /// Returns the functions of a backtrace, inlined ones included, without those that the compiler has added; nil if
    /// there are no names.
    ///
    /// The first address is that of an instruction if `isFirstExact`, and otherwise a return address like the others.
    package static func frames(of backtrace: [UInt], isFirstExact: Bool) -> [SymbolFrame]? {
      let captured = backtrace.enumerated().map { index, address in
        index == 0 && isFirstExact ? RichFrame<UInt>.programCounter(address) : .returnAddress(address)
      }
      let trace = Backtrace(architecture: architecture, frames: captured, images: ImageMap.capture())
      guard let frames = trace.symbolicated()?.frames else { return nil }
      var found: [SymbolFrame] = []
      // Inlined functions are listed before the one that contains them, which has the address.
      var index = 0
      for frame in frames {
        if !isOfTheCompiler(frame) { found.append(SymbolFrame(index: index, frame)) }
        if !frame.inlined { index += 1 }
      }
      return found
    }

    /// Returns whether a frame belongs to no function of the source: a thunk, a forwarder, or a witness.
    private static func isOfTheCompiler(_ frame: SymbolicatedBacktrace.Frame) -> Bool {
      guard let symbol = frame.symbol, !symbol.isSwiftRuntimeFailure else { return false }
      return symbol.isSwiftThunk || symbol.sourceLocation?.path.hasSuffix("<compiler-generated>") ?? false
    }
  #else
    package static func frames(of backtrace: [UInt], isFirstExact: Bool) -> [SymbolFrame]? { nil }
  #endif

  private static func lines(_ backtrace: [UInt], _ frames: [SymbolFrame]?) -> [String] {
    guard let frames else { return backtrace.map(number) }
    return frames.map { frame in
      let place = frame.file.map { " at \($0):\(frame.line ?? 0):\(frame.column ?? 0)" } ?? ""
      return "\(frame.function)\(place) in \(frame.image)"
    }
  }
}

#if os(Linux) && canImport(Runtime)
  extension SymbolFrame {
    fileprivate init(index: Int, _ frame: SymbolicatedBacktrace.Frame) {
      self.index = index
      function = frame.symbol?.name ?? "\(frame.captured)"
      image = frame.symbol?.imageName ?? "?"
      file = frame.symbol?.sourceLocation?.path
      line = frame.symbol?.sourceLocation.map { Int($0.line) }
      let raw = frame.symbol?.rawName ?? ""
      isOfRuntime = raw.hasPrefix("$s5Joist") || raw.hasPrefix("joist_")
      column = frame.symbol?.sourceLocation.map { Int($0.column) }
    }
  }
#endif
