// SPDX-License-Identifier: Apache-2.0
//
// The statements that trace the cases of an enum. Swift cannot change an associated value in place, so the values are
// copied out, visited and put back.

#if Macros
  import SwiftSyntax
  import SwiftSyntaxBuilder

  enum EnumCases {
    static func visits(
      in members: MemberBlockItemListSyntax,
      _ diagnostics: inout Diagnostics
    ) -> CodeBlockItemListSyntax {
      var cases: [String] = []
      var haveValues = false
      for member in members {
        if let declaration = member.decl.as(EnumCaseDeclSyntax.self) {
          for element in declaration.elements {
            let values = declaration.attributes.ignoresHeap ? [] : Value.all(of: element)
            haveValues = haveValues || !values.isEmpty
            cases.append(visit(of: element.name.text, values))
          }
        } else {
          diagnostics.reportIfHiding(member.decl)
        }
      }
      return haveValues ? "switch self {\n\(raw: cases.joined(separator: "\n"))\n}" : []
    }

    private static func visit(of name: String, _ values: [Value]) -> String {
      guard !values.isEmpty else { return "case .\(name): break" }
      let pattern = values.map { "var \($0.name)" }.joined(separator: ", ")
      let arguments = values.map { $0.label + $0.name }.joined(separator: ", ")
      let visits = values.map { "tracer.visit(&\($0.name))" }
      return (["case .\(name)(\(pattern)):"] + visits + ["self = .\(name)(\(arguments))"]).joined(separator: "\n")
    }

    /// An associated value of a case.
    private struct Value {
      /// Its variable in `trace`.
      let name: String
      /// Its argument label with a colon, or an empty string.
      let label: String

      static func all(of element: EnumCaseElementSyntax) -> [Value] {
        let parameters = element.parameterClause?.parameters ?? []
        return parameters.enumerated().map { number, parameter in
          let label = parameter.firstName?.text ?? "_"
          return Value(
            name: parameters.count == 1 ? "value" : "value\(number + 1)",
            label: label == "_" ? "" : "\(label): "
          )
        }
      }
    }
  }
#endif
