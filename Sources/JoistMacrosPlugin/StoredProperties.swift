// SPDX-License-Identifier: Apache-2.0
//
// The statements that trace the stored properties of a struct.

#if Macros
  import SwiftDiagnostics
  import SwiftSyntax
  import SwiftSyntaxBuilder

  /// The access that a tracer has to a property.
  enum TracerAccess: Equatable {
    /// The tracer visits the property in place.
    case inPlace
    /// The tracer cannot change the property, for the given reason, and only checks its type.
    case typeOnly(because: String)
  }

  enum StoredProperties {
    static func visits(
      in members: MemberBlockItemListSyntax,
      _ diagnostics: inout Diagnostics
    ) -> CodeBlockItemListSyntax {
      var visits: [CodeBlockItemSyntax] = []
      for member in members {
        if let property = member.decl.as(VariableDeclSyntax.self), property.isStored {
          visits += self.visits(of: property, &diagnostics)
        } else {
          diagnostics.reportIfHiding(member.decl)
        }
      }
      return CodeBlockItemListSyntax(visits)
    }

    private static func visits(
      of property: VariableDeclSyntax,
      _ diagnostics: inout Diagnostics
    ) -> [CodeBlockItemSyntax] {
      guard !property.attributes.ignoresHeap else { return [] }
      if let wrapper = property.attributes.first(where: \.mayStoreElsewhere) {
        diagnostics.report(.wrapped(property.firstName, by: wrapper.name), at: wrapper, fixIts: [ignoring(property)])
        return []
      }
      var visits: [CodeBlockItemSyntax] = []
      var type: TypeSyntax?
      // A type also applies to the names before it: `var left, right: Int`.
      for binding in property.bindings.reversed() {
        type = binding.typeAnnotation?.type ?? (binding.initializer == nil ? type : nil)
        visits.insert(contentsOf: self.visits(of: binding, type, in: property, &diagnostics), at: 0)
      }
      return visits
    }

    private static func visits(
      of binding: PatternBindingSyntax,
      _ type: TypeSyntax?,
      in property: VariableDeclSyntax,
      _ diagnostics: inout Diagnostics
    ) -> [CodeBlockItemSyntax] {
      let names = binding.pattern.names
      switch property.tracerAccess(of: binding) {
      case .inPlace:
        return names.flatMap { name in parts(of: name, type).map { "tracer.visit(&\(raw: $0))" } }
      case .typeOnly(let obstacle):
        if type?.isReference == true {
          let fixIts = property.bindingSpecifier.tokenKind == .keyword(.let) ? [makingVariable(property)] : []
          diagnostics.report(.immutable(names.joined(separator: ", "), obstacle), at: binding, fixIts: fixIts)
        }
        return names.map { "tracer.skip(\(raw: $0.asProperty))" }
      }
    }

    /// Returns the expression of a property, or those of its elements if it is a tuple, which cannot conform.
    private static func parts(of name: String, _ type: TypeSyntax?) -> [String] {
      guard let tuple = type?.as(TupleTypeSyntax.self), tuple.elements.count > 1 else { return [name.asProperty] }
      return tuple.elements.enumerated().flatMap { parts(of: "\(name.asProperty).\($0)", $1.type) }
    }

    private static func makingVariable(_ property: VariableDeclSyntax) -> FixIt {
      let old = property.bindingSpecifier
      return .replace(message: MacroFixIt.makeVariable, oldNode: old, newNode: old.with(\.tokenKind, .keyword(.var)))
    }

    private static func ignoring(_ property: VariableDeclSyntax) -> FixIt {
      let old = property.attributes
      let mark = AttributeSyntax(attributeName: IdentifierTypeSyntax(name: "HeapIgnored"))
        .with(\.leadingTrivia, old.leadingTrivia).with(\.trailingTrivia, .space)
      let new = [.attribute(mark)] + old.with(\.leadingTrivia, [])
      return .replace(message: MacroFixIt.ignore, oldNode: old, newNode: new)
    }
  }

  extension VariableDeclSyntax {
    /// Whether the property is an instance property with storage.
    fileprivate var isStored: Bool {
      let isOfType = modifiers.contains { ["static", "class"].contains($0.name.text) }
      return !isOfType && !bindings.contains { $0.accessorBlock?.isComputed == true }
    }

    fileprivate var firstName: String { bindings.first?.pattern.names.first ?? "" }

    fileprivate func tracerAccess(of binding: PatternBindingSyntax) -> TracerAccess {
      if bindingSpecifier.tokenKind == .keyword(.let) { return .typeOnly(because: "a constant") }
      if binding.accessorBlock != nil { return .typeOnly(because: "a property with observers") }
      for modifier in modifiers where ["lazy", "weak", "unowned"].contains(modifier.name.text) {
        return .typeOnly(because: "a \(modifier.name.text) property")
      }
      return .inPlace
    }
  }

  extension AccessorBlockSyntax {
    /// Whether the block contains accessors other than observers.
    fileprivate var isComputed: Bool {
      guard case .accessors(let accessors) = accessors else { return true }
      return !accessors.allSatisfy { ["willSet", "didSet"].contains($0.accessorSpecifier.text) }
    }
  }
#endif
