// SPDX-License-Identifier: Apache-2.0
//
// Reports its argument as an error. It is used as a default argument, so that it is expanded, and the error reported,
// where the function is called.

#if Macros
  import SwiftDiagnostics
  import SwiftParser
  import SwiftSyntax
  import SwiftSyntaxBuilder
  import SwiftSyntaxMacros

  /// The implementation of `#heapRefusal`.
  enum HeapRefusalMacro: ExpressionMacro {
    static func expansion(
      of node: some FreestandingMacroExpansionSyntax,
      in context: some MacroExpansionContext
    ) -> ExprSyntax {
      let sentence = node.arguments.first?.expression.as(StringLiteralExprSyntax.self)?.representedLiteralValue
      let error = MacroError(message: sentence ?? "this is refused", id: "refusal")
      context.diagnose(Diagnostic(node: node, message: error))
      return "()"
    }
  }
#endif
