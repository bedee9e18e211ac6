// SPDX-License-Identifier: Apache-2.0
//
// The macro `@HeapTraceable`, which generates an extension with a `trace` that names every stored value.
//
// A macro sees syntax, not types. So it leaves out only what is marked with `@HeapIgnored`. The compiler determines
// whether a value has references, when it chooses among the overloads of `HeapTracer`. Members that the macro cannot
// see are an error.

#if Macros
  import SwiftDiagnostics
  import SwiftSyntax
  import SwiftSyntaxBuilder
  import SwiftSyntaxMacros

  /// The implementation of `@HeapTraceable`.
  enum HeapTraceableMacro: ExtensionMacro {
    static func expansion(
      of node: AttributeSyntax,
      attachedTo declaration: some DeclGroupSyntax,
      providingExtensionsOf type: some TypeSyntaxProtocol,
      conformingTo protocols: [TypeSyntax],
      in context: some MacroExpansionContext
    ) -> [ExtensionDeclSyntax] {
      var diagnostics = Diagnostics()
      let body: CodeBlockItemListSyntax
      if declaration.is(StructDeclSyntax.self) {
        body = StoredProperties.visits(in: declaration.memberBlock.members, &diagnostics)
      } else if let declaration = declaration.as(EnumDeclSyntax.self) {
        body = EnumCases.visits(in: declaration.memberBlock.members, &diagnostics)
      } else {
        diagnostics.report(.noValueType, at: node)
        body = []
      }
      for diagnostic in diagnostics.all { context.diagnose(diagnostic) }
      guard diagnostics.all.isEmpty else { return [] }
      let access = Access.ofWitness(in: declaration, context.lexicalContext)
      let block: CodeBlockSyntax = body.isEmpty ? "{}" : "{\n\(body)\n}"
      let function: DeclSyntax = "\(access)mutating func trace(_ tracer: inout HeapTracer) \(block)"
      let conformance: TokenSyntax = protocols.isEmpty ? "" : ": HeapTraceable"
      let expansion: DeclSyntax = "extension \(type.trimmed)\(conformance) {\n\(function)\n}"
      return expansion.as(ExtensionDeclSyntax.self).map { [$0] } ?? []
    }
  }

  /// The access level of a witness, which must be that of its type.
  enum Access {
    static func ofWitness(in declaration: some DeclGroupSyntax, _ surroundings: [Syntax]) -> TokenSyntax {
      let own = widest(of: declaration.modifiers)
      // Members without an access level of their own have that of their extension.
      let extended = surroundings.first?.as(ExtensionDeclSyntax.self).flatMap { widest(of: $0.modifiers) }
      let isLimited = declaration.modifiers.contains { ["internal", "fileprivate", "private"].contains($0.name.text) }
      return (own ?? (isLimited ? nil : extended)).map { "\(raw: $0) " } ?? ""
    }

    private static func widest(of modifiers: DeclModifierListSyntax) -> String? {
      modifiers.map(\.name.text).first { ["public", "package"].contains($0) }
    }
  }
#endif
