// SPDX-License-Identifier: Apache-2.0
//
// The stored properties of a struct, and how a tracer is told of each.

#if Macros
  import SwiftDiagnostics
  import SwiftSyntax
  import SwiftSyntaxBuilder

  /// What a tracer can do with a property.
  enum Reach: Equatable {
    /// Visit it in place.
    case inPlace
    /// Only look at its type: what keeps it from more.
    case typeOnly(because: String)
  }

  enum StoredProperties {
    static func visits(in members: MemberBlockItemListSyntax, _ faults: inout Faults) -> CodeBlockItemListSyntax {
      var visits: [CodeBlockItemSyntax] = []
      for member in members {
        if let property = member.decl.as(VariableDeclSyntax.self), property.isStored {
          visits += self.visits(of: property, &faults)
        } else {
          Hidden.report(member.decl, &faults)
        }
      }
      return CodeBlockItemListSyntax(visits)
    }

    private static func visits(of property: VariableDeclSyntax, _ faults: inout Faults) -> [CodeBlockItemSyntax] {
      guard !property.attributes.ignoresHeap else { return [] }
      if let wrapper = property.attributes.first(where: \.mayStoreElsewhere) {
        faults.report(.wrapped(property.firstName, by: wrapper.name), at: wrapper, fixIts: [ignoring(property)])
        return []
      }
      var visits: [CodeBlockItemSyntax] = []
      var type: TypeSyntax?
      // A type is that of the names before it, too: `var left, right: Int`.
      for binding in property.bindings.reversed() {
        type = binding.typeAnnotation?.type ?? (binding.initializer == nil ? type : nil)
        visits.insert(contentsOf: self.visits(of: binding, type, in: property, &faults), at: 0)
      }
      return visits
    }

    private static func visits(
      of binding: PatternBindingSyntax,
      _ type: TypeSyntax?,
      in property: VariableDeclSyntax,
      _ faults: inout Faults
    ) -> [CodeBlockItemSyntax] {
      let names = binding.pattern.names
      switch property.reach(of: binding) {
      case .inPlace:
        return names.flatMap { name in places(of: name, type).map { "tracer.visit(&\(raw: $0))" } }
      case .typeOnly(let obstacle):
        if type?.isReference == true {
          let fixIts = property.bindingSpecifier.tokenKind == .keyword(.let) ? [makingVariable(property)] : []
          faults.report(.outOfReach(names.joined(separator: ", "), obstacle), at: binding, fixIts: fixIts)
        }
        return names.map { "tracer.skip(\(raw: $0.asProperty))" }
      }
    }

    /// A property's own place, or those of its parts if it is a tuple, which cannot conform.
    private static func places(of name: String, _ type: TypeSyntax?) -> [String] {
      guard let tuple = type?.as(TupleTypeSyntax.self), tuple.elements.count > 1 else { return [name.asProperty] }
      return tuple.elements.enumerated().flatMap { places(of: "\(name.asProperty).\($0)", $1.type) }
    }

    private static func makingVariable(_ property: VariableDeclSyntax) -> FixIt {
      let old = property.bindingSpecifier
      return .replace(message: Remedy.makeVariable, oldNode: old, newNode: old.with(\.tokenKind, .keyword(.var)))
    }

    private static func ignoring(_ property: VariableDeclSyntax) -> FixIt {
      let old = property.attributes
      let mark = AttributeSyntax(attributeName: IdentifierTypeSyntax(name: "HeapIgnored"))
        .with(\.leadingTrivia, old.leadingTrivia).with(\.trailingTrivia, .space)
      let new = [.attribute(mark)] + old.with(\.leadingTrivia, [])
      return .replace(message: Remedy.ignore, oldNode: old, newNode: new)
    }
  }

  extension VariableDeclSyntax {
    /// One of each value's own, not computed.
    fileprivate var isStored: Bool {
      let isOfType = modifiers.contains { ["static", "class"].contains($0.name.text) }
      return !isOfType && !bindings.contains { $0.accessorBlock?.isComputed == true }
    }

    fileprivate var firstName: String { bindings.first?.pattern.names.first ?? "" }

    fileprivate func reach(of binding: PatternBindingSyntax) -> Reach {
      if bindingSpecifier.tokenKind == .keyword(.let) { return .typeOnly(because: "a constant") }
      if binding.accessorBlock != nil { return .typeOnly(because: "a property with observers") }
      for modifier in modifiers where ["lazy", "weak", "unowned"].contains(modifier.name.text) {
        return .typeOnly(because: "a \(modifier.name.text) property")
      }
      return .inPlace
    }
  }

  extension AccessorBlockSyntax {
    /// Has more than observers.
    fileprivate var isComputed: Bool {
      guard case .accessors(let accessors) = accessors else { return true }
      return !accessors.allSatisfy { ["willSet", "didSet"].contains($0.accessorSpecifier.text) }
    }
  }
#endif
