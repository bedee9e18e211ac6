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

  extension Trap {
    /// Returns the backtrace in words, one line per frame, with inlined frames.
    ///
    /// Each line names the function, and file and line as far as there is debug information. Thunks and other code that
    /// the compiler has put between functions of the source are left out. If there is no ``message``, the first line
    /// often gives the reason, such as `Swift runtime failure: …`. If the standard library trapped, the first lines are
    /// its own: the first line that names a file of your program is where it was called.
    ///
    /// Takes milliseconds, some hundred kilobytes of stack, and memory that stays allocated. Inside a process, call it
    /// in `blocking`; in a handler of reports, on a dispatch queue.
    public func symbolicated() -> [String] {
      let frames = backtrace.enumerated().map { index, address in
        index == 0 ? RichFrame<UInt>.programCounter(address) : .returnAddress(address)
      }
      let trace = Backtrace(architecture: architecture, frames: frames, images: ImageMap.capture())
      guard let frames = trace.symbolicated()?.frames else { return backtrace.map(Self.number) }
      return frames.filter { !Self.isOfTheCompiler($0) }.map(Self.line)
    }

    /// Returns whether a frame belongs to no function of the source: a thunk, a forwarder, or a witness.
    private static func isOfTheCompiler(_ frame: SymbolicatedBacktrace.Frame) -> Bool {
      guard let symbol = frame.symbol, !symbol.isSwiftRuntimeFailure else { return false }
      return symbol.isSwiftThunk || symbol.sourceLocation?.path.hasSuffix("<compiler-generated>") ?? false
    }

    private static func line(_ frame: SymbolicatedBacktrace.Frame) -> String {
      guard let symbol = frame.symbol else { return "\(frame.captured)" }
      let location = symbol.sourceLocation.map { " at \($0)" } ?? ""
      return "\(symbol.name)\(location) in \(symbol.imageName)"
    }
  }
#else
  extension Trap {
    /// Returns the backtrace, one address per line: this platform has no names.
    public func symbolicated() -> [String] { backtrace.map(Self.number) }
  }
#endif
