// SPDX-License-Identifier: Apache-2.0
//
// The marker attribute `@HeapIgnored`, which expands to nothing.

#if Macros
  import SwiftSyntax
  import SwiftSyntaxMacros

  /// The implementation of `@HeapIgnored`, which `@HeapTraceable` looks for.
  enum HeapIgnoredMacro: PeerMacro {
    static func expansion(
      of node: AttributeSyntax,
      providingPeersOf declaration: some DeclSyntaxProtocol,
      in context: some MacroExpansionContext
    ) -> [DeclSyntax] {
      []
    }
  }
#endif
