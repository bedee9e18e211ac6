// SPDX-License-Identifier: Apache-2.0
//
// The program that the compiler asks to expand macros. Without the trait it has none, and needs no swift-syntax.

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
