// SPDX-License-Identifier: Apache-2.0
//
// The types that a file declares and uses, as the tests of floors, folders and public names see them.

import Testing

enum TypeNames {
  /// A type that is declared at the top level of a file.
  struct Declaration {
    let name: String
    let line: Int
    let isPublic: Bool
  }

  private static let kinds: Set = ["struct", "enum", "class", "protocol", "actor", "typealias"]

  /// Returns the types that are declared at the top level of a file.
  static func declared(in file: SourceFile) -> [Declaration] {
    var declarations: [Declaration] = []
    var depth = 0
    // The words since the last character that is neither part of a word nor a space.
    var words: [String] = []
    var word: [UInt8] = []
    for (index, line) in file.code.enumerated() {
      for byte in (line + "\n").utf8 {
        if Lexer.isWordByte(byte) {
          word.append(byte)
          continue
        }
        if !word.isEmpty {
          let text = String(decoding: word, as: UTF8.self)
          if depth == 0, let kind = words.last, kinds.contains(kind), !kinds.contains(text) {
            declarations.append(Declaration(name: text, line: index + 1, isPublic: words.contains("public")))
          }
          words.append(text)
          word.removeAll(keepingCapacity: true)
        }
        switch byte {
        case UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: "}"): depth -= 1
        case UInt8(ascii: " "): continue
        case UInt8(ascii: "\n"):
          words.removeFirst(max(0, words.count - 1))
          continue
        default: break
        }
        words.removeAll(keepingCapacity: true)
      }
    }
    return declarations
  }

  /// Returns the words of a file that may name a type declared elsewhere.
  static func used(in file: SourceFile) -> [Word] { file.words.filter { !$0.isAfter(".") && !$0.isAfter("`") } }
}

@Suite struct TypeNamesTests {
  @Test func `only types of the top level count`() throws {
    let text = "enum E<T> {\n  struct Inner {}\n}\nextension E { class K {} }\nprotocol P: AnyObject {}\nactor Q {}"
    #expect(TypeNames.declared(in: try swift(text)).map(\.name) == ["E", "P", "Q"])
  }

  @Test func `an import that is public makes no type public`() throws {
    let file = try swift("public import A\nstruct B {}\npublic typealias C = D\nclass E {}\npublic\nfinal class F {}")
    #expect(TypeNames.declared(in: file).map(\.isPublic) == [false, true, false, true])
  }
}
