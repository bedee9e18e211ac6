// SPDX-License-Identifier: Apache-2.0
//
// The errors that the macros report, and the fix-its that they suggest.

#if Macros
  import SwiftDiagnostics
  import SwiftSyntax

  /// An error in the declaration that a macro is attached to.
  struct MacroError: DiagnosticMessage {
    let message: String
    let id: String
    let severity = DiagnosticSeverity.error

    var diagnosticID: MessageID { MessageID(domain: "JoistMacros", id: id) }

    static let noValueType = MacroError(
      message: "'@HeapTraceable' applies only to structs and enums",
      id: "noValueType"
    )

    static func hidden(_ container: String) -> MacroError {
      MacroError(
        message: "'@HeapTraceable' cannot see inside '\(container)': write the conformance by hand",
        id: "hidden"
      )
    }

    static func wrapped(_ name: String, by attribute: String) -> MacroError {
      MacroError(
        message: "'@HeapTraceable' cannot see what '@\(attribute)' stores for '\(name)': "
          + "mark it '@HeapIgnored' if it has no references, or write the conformance by hand",
        id: "wrapped"
      )
    }

    static func immutable(_ name: String, _ kind: String) -> MacroError {
      MacroError(
        message: "'\(name)' has references, but \(kind) cannot be changed in place: make it a plain 'var'",
        id: "immutable"
      )
    }
  }

  /// A change to the source that resolves an error.
  struct MacroFixIt: FixItMessage {
    let message: String

    var fixItID: MessageID { MessageID(domain: "JoistMacros", id: "fixIt") }

    static let makeVariable = MacroFixIt(message: "replace 'let' with 'var'")
    static let ignore = MacroFixIt(message: "mark it '@HeapIgnored'")
  }

  /// The errors of one expansion.
  struct Diagnostics {
    private(set) var all: [Diagnostic] = []

    mutating func report(_ error: MacroError, at node: some SyntaxProtocol, fixIts: [FixIt] = []) {
      all.append(Diagnostic(node: node, message: error, fixIts: fixIts))
    }

    /// Reports a member that may contain other members, which the macro cannot see.
    mutating func reportIfHiding(_ member: DeclSyntax) {
      if let condition = member.as(IfConfigDeclSyntax.self) {
        report(.hidden("#if"), at: condition)
      } else if let macro = member.as(MacroExpansionDeclSyntax.self) {
        report(.hidden("#\(macro.macroName.text)"), at: macro)
      }
    }
  }
#endif
