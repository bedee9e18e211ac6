// SPDX-License-Identifier: Apache-2.0
//
// Names and lines for the addresses of a backtrace, by the toolchain's own module.

#if os(Linux) && canImport(Runtime)
  @_spi(Internal) import Runtime

  #if arch(x86_64)
    private let architecture = "x86_64"
  #else
    private let architecture = "arm64"
  #endif

  extension Trap {
    /// The backtrace in words, a line a frame, inlined ones included: function, file and line as far as the debug
    /// information has them.
    ///
    /// Leaves out thunks and whatever else the compiler has put between functions of the source.
    /// Where there is no message, the first line often says why, as `Swift runtime failure: …`. Takes milliseconds,
    /// some hundred kilobytes of stack and memory that stays: inside a process, call it in `blocking`.
    public func symbolicated() -> [String] {
      let frames = backtrace.enumerated().map { index, address in
        index == 0 ? RichFrame<UInt>.programCounter(address) : .returnAddress(address)
      }
      let trace = Backtrace(architecture: architecture, frames: frames, images: ImageMap.capture())
      guard let frames = trace.symbolicated()?.frames else { return backtrace.map(Self.number) }
      return frames.filter { !Self.isOfTheCompiler($0) }.map(Self.line)
    }

    /// Whether a frame is of no function of the source: a thunk, a forwarder, a witness.
    private static func isOfTheCompiler(_ frame: SymbolicatedBacktrace.Frame) -> Bool {
      guard let symbol = frame.symbol, !symbol.isSwiftRuntimeFailure else { return false }
      return symbol.isSwiftThunk || symbol.sourceLocation?.path.hasSuffix("<compiler-generated>") ?? false
    }

    private static func line(_ frame: SymbolicatedBacktrace.Frame) -> String {
      guard let symbol = frame.symbol else { return "\(frame.captured)" }
      let place = symbol.sourceLocation.map { " at \($0)" } ?? ""
      return "\(symbol.name)\(place) in \(symbol.imageName)"
    }
  }
#else
  extension Trap {
    /// The backtrace, an address a line: there are no names here.
    public func symbolicated() -> [String] { backtrace.map(Self.number) }
  }
#endif
