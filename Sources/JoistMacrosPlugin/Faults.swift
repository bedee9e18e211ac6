// SPDX-License-Identifier: Apache-2.0
//
// What a macro has to complain of, and the sentences for it.

#if Macros
  import SwiftDiagnostics
  import SwiftSyntax

  /// A sentence for whoever wrote what a macro is attached to.
  struct Complaint: DiagnosticMessage {
    let message: String
    let id: String
    let severity = DiagnosticSeverity.error

    var diagnosticID: MessageID { MessageID(domain: "JoistMacros", id: id) }

    static let noValueType = Complaint(
      message: "'@HeapTraceable' is for structs and enums",
      id: "noValueType"
    )

    static func hidden(_ what: String) -> Complaint {
      Complaint(message: "'@HeapTraceable' does not see what is within '\(what)': conform by hand", id: "hidden")
    }

    static func wrapped(_ name: String, by attribute: String) -> Complaint {
      Complaint(
        message: "'@HeapTraceable' does not see what '@\(attribute)' stores for '\(name)': "
          + "mark it '@HeapIgnored' if it has no references, or conform by hand",
        id: "wrapped"
      )
    }

    static func outOfReach(_ name: String, _ kind: String) -> Complaint {
      Complaint(
        message: "'\(name)' has references, which \(kind) does not let be changed in place: make it a plain 'var'",
        id: "outOfReach"
      )
    }
  }

  /// What is to be done about it.
  struct Remedy: FixItMessage {
    let message: String

    var fixItID: MessageID { MessageID(domain: "JoistMacros", id: "remedy") }

    static let makeVariable = Remedy(message: "replace 'let' with 'var'")
    static let ignore = Remedy(message: "mark it '@HeapIgnored'")
  }

  /// All complaints of one expansion.
  struct Faults {
    private(set) var diagnostics: [Diagnostic] = []

    mutating func report(_ complaint: Complaint, at node: some SyntaxProtocol, fixIts: [FixIt] = []) {
      diagnostics.append(Diagnostic(node: node, message: complaint, fixIts: fixIts))
    }
  }
#endif
