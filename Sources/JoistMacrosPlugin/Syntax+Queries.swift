// SPDX-License-Identifier: Apache-2.0
//
// Questions that the macros ask of attributes, patterns and types. They see syntax only, not resolved types.

#if Macros
  import SwiftSyntax

  extension AttributeListSyntax {
    /// Whether the declaration is marked with `@HeapIgnored`.
    var ignoresHeap: Bool { contains { $0.as(AttributeSyntax.self)?.shortName == "HeapIgnored" } }
  }

  extension AttributeListSyntax.Element {
    var name: String { self.as(AttributeSyntax.self)?.attributeName.trimmedDescription ?? trimmedDescription }

    /// Whether the attribute may be a property wrapper or a macro, which may store the value in another property.
    ///
    /// The names of the compiler's own attributes begin with a lowercase letter.
    var mayStoreElsewhere: Bool {
      guard let attribute = self.as(AttributeSyntax.self) else { return true }
      return attribute.shortName.first?.isLowercase != true
    }
  }

  extension AttributeSyntax {
    /// The attribute's name without its module.
    fileprivate var shortName: String {
      attributeName.as(MemberTypeSyntax.self)?.name.text ?? attributeName.trimmedDescription
    }
  }

  extension PatternSyntax {
    /// The names of the variables that the pattern binds.
    var names: [String] {
      if let name = self.as(IdentifierPatternSyntax.self) { return [name.identifier.text] }
      return self.as(TuplePatternSyntax.self)?.elements.flatMap(\.pattern.names) ?? []
    }
  }

  extension String {
    /// The expression for the property of this name in a function with a parameter named `tracer`.
    var asProperty: String { self == "tracer" ? "self.tracer" : self }
  }

  extension TypeSyntax {
    /// Whether the written type is a heap reference, or an optional, array, dictionary or tuple of heap references.
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
#endif
