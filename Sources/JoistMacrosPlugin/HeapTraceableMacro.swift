// SPDX-License-Identifier: Apache-2.0
//
// What `@HeapTraceable` writes: an extension with a `trace` that names everything that is stored.
// A macro sees words, not types. So it leaves nothing out that it is not told to leave out: whether something has
// references is found out by the compiler, which chooses among the functions of `HeapTracer`. What it cannot see is an
// error.

#if Macros
  import SwiftDiagnostics
  import SwiftSyntax
  import SwiftSyntaxBuilder
  import SwiftSyntaxMacros

  /// `@HeapTraceable`.
  enum HeapTraceableMacro: ExtensionMacro {
    static func expansion(
      of node: AttributeSyntax,
      attachedTo declaration: some DeclGroupSyntax,
      providingExtensionsOf type: some TypeSyntaxProtocol,
      conformingTo protocols: [TypeSyntax],
      in context: some MacroExpansionContext
    ) -> [ExtensionDeclSyntax] {
      var faults = Faults()
      let body: CodeBlockItemListSyntax
      if declaration.is(StructDeclSyntax.self) {
        body = StoredProperties.visits(in: declaration.memberBlock.members, &faults)
      } else if let declaration = declaration.as(EnumDeclSyntax.self) {
        body = EnumCases.visits(in: declaration.memberBlock.members, &faults)
      } else {
        faults.report(.noValueType, at: node)
        body = []
      }
      for diagnostic in faults.diagnostics { context.diagnose(diagnostic) }
      guard faults.diagnostics.isEmpty else { return [] }
      let access = Access.ofWitness(in: declaration, context.lexicalContext)
      let block: CodeBlockSyntax = body.isEmpty ? "{}" : "{\n\(body)\n}"
      let function: DeclSyntax = "\(access)mutating func trace(_ tracer: inout HeapTracer) \(block)"
      let conformance: TokenSyntax = protocols.isEmpty ? "" : ": HeapTraceable"
      let expansion: DeclSyntax = "extension \(type.trimmed)\(conformance) {\n\(function)\n}"
      return expansion.as(ExtensionDeclSyntax.self).map { [$0] } ?? []
    }
  }

  /// How far a witness must be seen: as far as its type.
  enum Access {
    static func ofWitness(in declaration: some DeclGroupSyntax, _ surroundings: [Syntax]) -> TokenSyntax {
      let own = widest(of: declaration.modifiers)
      // An extension's access is that of its members which do not say theirs.
      let extended = surroundings.first?.as(ExtensionDeclSyntax.self).flatMap { widest(of: $0.modifiers) }
      let isSaid = declaration.modifiers.contains { ["internal", "fileprivate", "private"].contains($0.name.text) }
      return (own ?? (isSaid ? nil : extended)).map { "\(raw: $0) " } ?? ""
    }

    private static func widest(of modifiers: DeclModifierListSyntax) -> String? {
      modifiers.map(\.name.text).first { ["public", "package"].contains($0) }
    }
  }
#endif
