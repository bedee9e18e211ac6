// SPDX-License-Identifier: Apache-2.0
//
// The program that the compiler runs to expand macros. Without the package trait `Macros` it contains no macros and
// does not need swift-syntax.

#if Macros
  import SwiftCompilerPlugin
  import SwiftSyntaxMacros

  @main
  struct Plugin: CompilerPlugin {
    let providingMacros: [any Macro.Type] = [HeapTraceableMacro.self, HeapIgnoredMacro.self, HeapRefusalMacro.self]
  }
#else
  @main
  enum Plugin {
    static func main() {}
  }
#endif
