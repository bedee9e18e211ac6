// SPDX-License-Identifier: Apache-2.0
//
// The names of the signals that crashes raise; `fault.c` handles the same ones.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A signal that a crash raises.
package enum CrashSignal {
  /// All of them; zero stands for a stack that the runtime found too full for one of its own calls.
  package static let names: KeyValuePairs<Int32, String> = [
    SIGILL: "SIGILL", SIGTRAP: "SIGTRAP", SIGABRT: "SIGABRT", SIGFPE: "SIGFPE", SIGBUS: "SIGBUS", SIGSEGV: "SIGSEGV",
    0: "none",
  ]
}
