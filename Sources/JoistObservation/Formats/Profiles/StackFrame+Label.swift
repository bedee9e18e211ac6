// SPDX-License-Identifier: Apache-2.0
//
// What a frame is called in a profile, whether or not its function is known.

extension StackFrame {
  /// The function's name; without one, the image and the address.
  var label: String {
    if let function, !function.isEmpty { return function }
    let address = "0x" + String(address, radix: 16)
    return imageName.map { "\($0)+\(address)" } ?? address
  }

  /// The last component of the image's path.
  private var imageName: Substring? { image.flatMap { $0.split(separator: "/").last } }

  /// The module that the function belongs to, as far as its name tells, or else the image.
  var module: String {
    if let function {
      if let module = Self.extensionModule(function) { return String(module) }
      if let name = Self.qualifiedName(function) { return String(name.prefix { $0 != "." }) }
    }
    return imageName.map(String.init) ?? "unknown"
  }

  /// The type and the name of a Swift function, without module, arguments and generic parameters; the whole label if
  /// the name is no qualified one.
  var shortLabel: String {
    guard let function, let name = Self.qualifiedName(function) else { return label }
    let short = name.drop { $0 != "." }.dropFirst().prefix { $0 != "(" && $0 != "<" }
    if short.isEmpty { return label }
    return function.hasPrefix("closure ") ? "closure in \(short)" : String(short)
  }

  /// Returns the qualified name in the demangled name of a Swift function; nil if there is none.
  ///
  /// A name such as `closure #1 (Swift.Int) -> () in Shop.Till.open()` has it behind the last ` in `, ` of ` or
  /// ` for ` that a qualified name follows.
  private static func qualifiedName(_ function: String) -> Substring? {
    let own = extensionModule(function) == nil ? nil : function.firstRange(of: "):")
    let words = function[(own?.upperBound ?? function.startIndex)...].split(separator: " ")
    let links: Set<Substring> = ["in", "of", "for"]
    for index in words.indices.reversed() where index > 0 && links.contains(words[index - 1]) {
      if isQualified(words[index]) { return words[index] }
    }
    return words.first(where: isQualified)
  }

  /// Returns the module of the extension that the function is part of, from a name such as
  /// `(extension in Shop):Swift.Array.total()`; nil if there is none.
  private static func extensionModule(_ function: String) -> Substring? {
    guard let start = function.firstRange(of: "(extension in "), let end = function.firstRange(of: "):"),
      start.upperBound < end.lowerBound
    else { return nil }
    return function[start.upperBound..<end.lowerBound]
  }

  /// Returns whether a word begins with an identifier and a point.
  private static func isQualified(_ word: Substring) -> Bool {
    let name = word.prefix { $0 != "." }
    return !name.isEmpty && name.count < word.count && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
  }
}
