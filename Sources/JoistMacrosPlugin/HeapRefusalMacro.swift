// SPDX-License-Identifier: Apache-2.0
//
// A sentence as an error. It is the default of an argument, and so expanded where the function is called.

#if Macros
  import SwiftDiagnostics
  import SwiftParser
  import SwiftSyntax
  import SwiftSyntaxBuilder
  import SwiftSyntaxMacros

  /// `#heapRefusal`.
  enum HeapRefusalMacro: ExpressionMacro {
    static func expansion(
      of node: some FreestandingMacroExpansionSyntax,
      in context: some MacroExpansionContext
    ) -> ExprSyntax {
      let sentence = node.arguments.first?.expression.as(StringLiteralExprSyntax.self)?.representedLiteralValue
      let complaint = Complaint(message: sentence ?? "this is refused", id: "refusal")
      context.diagnose(Diagnostic(node: node, message: complaint))
      return "()"
    }
  }
#endif
