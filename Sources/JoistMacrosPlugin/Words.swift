// SPDX-License-Identifier: Apache-2.0
//
// What words say of attributes, patterns and types.

#if Macros
  import SwiftSyntax

  extension AttributeListSyntax {
    /// Somebody says that there are no references.
    var ignoresHeap: Bool { contains { $0.as(AttributeSyntax.self)?.shortName == "HeapIgnored" } }
  }

  extension AttributeListSyntax.Element {
    var name: String { self.as(AttributeSyntax.self)?.attributeName.trimmedDescription ?? trimmedDescription }

    /// Is none of the compiler's own: a property wrapper or a macro, and the property is another's then.
    var mayStoreElsewhere: Bool {
      guard let attribute = self.as(AttributeSyntax.self) else { return true }
      return attribute.shortName.first?.isLowercase != true
    }
  }

  extension AttributeSyntax {
    /// Without the module.
    fileprivate var shortName: String {
      attributeName.as(MemberTypeSyntax.self)?.name.text ?? attributeName.trimmedDescription
    }
  }

  extension PatternSyntax {
    /// The variables that it binds.
    var names: [String] {
      if let name = self.as(IdentifierPatternSyntax.self) { return [name.identifier.text] }
      return self.as(TuplePatternSyntax.self)?.elements.flatMap(\.pattern.names) ?? []
    }
  }

  extension String {
    /// A property of this name in a function whose parameter is `tracer`.
    var asProperty: String { self == "tracer" ? "self.tracer" : self }
  }

  extension TypeSyntax {
    /// Is a heap reference, or optional, a list, a dictionary or a tuple of some, as far as it says so.
    var isReference: Bool {
      switch self.as(TypeSyntaxEnum.self) {
      case .identifierType(let type): ["HeapRef", "HeapArray"].contains(type.name.text)
      case .memberType(let type): ["HeapRef", "HeapArray"].contains(type.name.text)
      case .optionalType(let type): type.wrappedType.isReference
      case .arrayType(let type): type.element.isReference
      case .dictionaryType(let type): type.value.isReference
      case .tupleType(let type): type.elements.contains(where: \.type.isReference)
      default: false
      }
    }
  }

  enum Hidden {
    /// Complains of members that may have others in them.
    static func report(_ member: DeclSyntax, _ faults: inout Faults) {
      if let condition = member.as(IfConfigDeclSyntax.self) {
        faults.report(.hidden("#if"), at: condition)
      } else if let macro = member.as(MacroExpansionDeclSyntax.self) {
        faults.report(.hidden("#\(macro.macroName.text)"), at: macro)
      }
    }
  }
#endif
