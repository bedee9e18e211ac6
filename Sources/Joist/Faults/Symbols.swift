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
    /// Where there is no message, the first line often says why, as `Swift runtime failure: …`. Takes milliseconds,
    /// some hundred kilobytes of stack and memory that stays: inside a process, call it in `blocking`.
    public func symbolicated() -> [String] {
      let frames = backtrace.enumerated().map { index, address in
        index == 0 ? RichFrame<UInt>.programCounter(address) : .returnAddress(address)
      }
      let trace = Backtrace(architecture: architecture, frames: frames, images: ImageMap.capture())
      return trace.symbolicated()?.frames.map(Self.line) ?? backtrace.map(Self.number)
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
