// SPDX-License-Identifier: Apache-2.0
//
// Reads metrics in the Prometheus text format as strictly as its description, independent of the writer.

#if Dashboard
  import Foundation

  /// Metrics that were read from text.
  struct PrometheusReader {
    struct Sample {
      var name: String
      var labels: [String: String]
      var value: Double
    }

    /// What a text breaks.
    struct Fault: Error, CustomStringConvertible {
      let description: String
    }

    private(set) var kinds: [String: String] = [:]
    private(set) var samples: [Sample] = []
    private(set) var hasEnd = false
    private var helped: Set<String> = []
    private var closed: Set<String> = []
    private var family = ""

    /// Reads a text; `isOpen` says that it is OpenMetrics.
    init(_ text: String, isOpen: Bool = false) throws {
      guard text.hasSuffix("\n") else { throw Fault(description: "The last line has no end.") }
      for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
        do { try read(String(line), isOpen) } catch { throw Fault(description: "\(error) in: \(line)") }
      }
    }

    /// The value of the only sample with that name and those labels.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
      let found = samples.filter { $0.name == name && $0.labels == labels }
      return found.count == 1 ? found[0].value : nil
    }

    private mutating func read(_ line: String, _ isOpen: Bool) throws {
      if hasEnd { throw Fault(description: "A line after the end") }
      if line == "# EOF", isOpen {
        hasEnd = true
      } else if line.hasPrefix("# ") {
        try readHead(line.split(separator: " ", maxSplits: 3).map(String.init))
      } else {
        try readSample(line, isOpen)
      }
    }

    private mutating func readHead(_ words: [String]) throws {
      guard words.count == 4, isName(words[2]) else { throw Fault(description: "A bad head") }
      let name = words[2]
      if name != family {
        guard closed.insert(name).inserted else { throw Fault(description: "A metric in two places") }
        family = name
      }
      switch words[1] {
      case "HELP": guard helped.insert(name).inserted else { throw Fault(description: "Two HELP lines") }
      case "TYPE":
        guard kinds[name] == nil, !samples.contains(where: { belongs($0.name, name) }) else {
          throw Fault(description: "TYPE twice or too late")
        }
        guard ["counter", "gauge", "histogram"].contains(words[3]) else { throw Fault(description: "A bad type") }
        kinds[name] = words[3]
      case "UNIT": guard name.hasSuffix("_" + words[3]) else { throw Fault(description: "A bad unit") }
      default: throw Fault(description: "A bad head")
      }
    }

    private mutating func readSample(_ line: String, _ isOpen: Bool) throws {
      var rest = Substring(line)
      let name = String(rest.prefix { $0 != "{" && $0 != " " })
      rest.removeFirst(name.count)
      guard isName(name), belongs(name, family), kinds[family] != nil else {
        throw Fault(description: "A stray sample")
      }
      if isOpen, kinds[family] == "counter", name != family + "_total" { throw Fault(description: "A bad counter") }
      let labels = try readLabels(&rest)
      guard rest.first == " " else { throw Fault(description: "No value") }
      let number = String(rest.dropFirst())
      guard let value = ["+Inf": Double.infinity, "-Inf": -.infinity, "NaN": .nan][number] ?? Double(number) else {
        throw Fault(description: "A bad value")
      }
      guard !samples.contains(where: { $0.name == name && $0.labels == labels }) else {
        throw Fault(description: "A sample twice")
      }
      samples.append(Sample(name: name, labels: labels, value: value))
    }

    private func readLabels(_ rest: inout Substring) throws -> [String: String] {
      guard rest.first == "{" else { return [:] }
      rest.removeFirst()
      var labels: [String: String] = [:]
      while rest.first != "}" {
        let name = String(rest.prefix { $0 != "=" })
        guard isName(name), !name.contains(":"), labels[name] == nil else { throw Fault(description: "A bad label") }
        rest.removeFirst(name.count)
        guard rest.hasPrefix("=\"") else { throw Fault(description: "A label without a value") }
        rest.removeFirst(2)
        var value = ""
        while let character = rest.popFirst(), character != "\"" {
          guard character == "\\" else {
            value.append(character)
            continue
          }
          switch rest.popFirst() {
          case "\\": value.append("\\")
          case "n": value.append("\n")
          case "\"": value.append("\"")
          default: throw Fault(description: "A bad escape")
          }
        }
        labels[name] = value
        if rest.first == "," { rest.removeFirst() } else if rest.first != "}" { throw Fault(description: "A bad list") }
      }
      rest.removeFirst()
      return labels
    }

    private func isName(_ text: String) -> Bool {
      text.wholeMatch(of: /[a-zA-Z_:][a-zA-Z0-9_:]*/) != nil
    }

    private func belongs(_ sample: String, _ family: String) -> Bool {
      ["", "_bucket", "_sum", "_count", "_total"].contains { family + $0 == sample }
    }
  }
#endif
