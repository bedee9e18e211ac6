// SPDX-License-Identifier: Apache-2.0

import Foundation
import JoistObservation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Tests of flame graphs, as an XML parser sees them.
struct FlameGraphTests {
  @Test("I3: a flame graph has each function below its callers, as wide as its part, the widest first")
  func layout() throws {
    let profile = ProfileFormatTests.profile([(["c", "a"], 25), (["b", "a"], 60), (["d", "b", "a"], 10), (["x"], 5)])
    let frames = try FlamePicture(profile).frames
    #expect(frames.map(\.name) == ["shop", "a", "x", "b", "c", "d"])
    #expect(frames.map { Int($0.x.rounded()) } == [10, 10, 1_131, 10, 836, 10])
    #expect(frames.map { Int($0.width.rounded()) } == [1_180, 1_121, 59, 826, 295, 118])
    #expect(frames.map { ($0.y - frames[0].y) / 18 } == [0, 1, 1, 2, 2, 3])
    #expect(frames.map(\.text).prefix(2) == ["shop", "a"])
    #expect(frames[3].title == "b\n70 ns, 70 %")
  }

  @Test("I3: a flame graph shows every path that is wide enough to be seen, and none that is not")
  func everyFrame() throws {
    var generator = ProfileGenerator(seed: 31)
    let profile = generator.profile(samples: 600)
    var values: [String: Int64] = [:]
    for sample in profile.samples {
      var path = ""
      for frame in sample.stack.reversed() {
        path += ";" + (profile.frames[Int(frame)].function ?? "libz.so.1+0x7f001234")
        values[path, default: 0] += sample.value
      }
    }
    let total = Double(profile.samples.reduce(0) { $0 + $1.value })
    let wide = values.filter { Double($0.value) / total * 1_180 >= 0.3 }
    let frames = try FlamePicture(profile).frames
    #expect(frames.count == wide.count + 1)
    let expected = wide.map { String($0.key.split(separator: ";").last ?? "") } + ["shop"]
    #expect(frames.map(\.name).sorted() == expected.sorted())
    for row in Dictionary(grouping: frames, by: \.y).values {
      let sorted = row.sorted { $0.x < $1.x }
      #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.x + $0.width <= $1.x + 0.31 })
      #expect(sorted.allSatisfy { $0.x >= 10 && $0.x + $0.width <= 1_190.01 })
    }
  }

  @Test("I3: names with markup and control characters keep a flame graph well-formed")
  func names() throws {
    let name = "f<A>(\"x\" & 'y')\u{0}\u{1B}]]>\n</svg>"
    let profile = ProfileFormatTests.profile([([name], 1)])
    let picture = try FlamePicture(profile, title: "<b>\u{1} & \"title\"")
    #expect(picture.frames.map(\.name) == ["shop", "f<A>(\"x\" & 'y')  ]]> </svg>"])
    #expect(picture.texts.contains("<b>\u{FFFD} & \"title\""))
  }

  @Test("I3: a very deep stack bounds neither time nor height of a flame graph, and the picture says that it is cut")
  func deepStack() throws {
    let profile = ProfileFormatTests.profile([(Array(repeating: "f", count: 200_000), 1), (["g"], 1)])
    let picture = try FlamePicture(profile)
    #expect(picture.frames.count == 122)
    #expect(picture.height < 2_400)
    #expect(picture.texts.contains { $0.contains("1 of them deeper than the 120 frames") })
  }

  @Test("I3: the frames of a module have one colour in a flame graph, which the picture names")
  func colors() throws {
    let names = [
      "Shop.main()", "closure #1 (Swift.Int) -> () in Shop.Till.sell()", "(extension in Shop):Swift.Array.total()",
      "generic specialization <Swift.Int> of Shop.Basket.add(A)", "Joist.Scheduler.run()",
    ]
    let profile = ProfileFormatTests.profile([(names, 1)])
    let picture = try FlamePicture(profile)
    let colors = Dictionary(picture.frames.map { ($0.name, $0.color) }) { first, _ in first }
    #expect(Set(names.prefix(4).map { colors[$0] }).count == 1)
    #expect(colors[names[4]] != colors[names[0]])
    #expect(picture.texts.contains("Shop") && picture.texts.contains("Joist"))
  }

  @Test("I3: a narrow frame of a flame graph has the function's short name, and its tip the whole one")
  func shortNames() throws {
    let name = "Shop.Basket.add<A where A: Swift.Hashable>(A) throws -> Swift.Bool"
    let frames = try FlamePicture(ProfileFormatTests.profile([([name], 1), (["other"], 9)])).frames
    let frame = try #require(frames.first { $0.name == name })
    #expect(frame.text == "Basket.add")
    let whole = try FlamePicture(ProfileFormatTests.profile([([name], 1)])).frames
    #expect(whole.last?.text == name)
  }

  @Test("I3: a flame graph refers to no other file, and one without samples is a picture, too")
  func selfContained() throws {
    let profile = ProfileFormatTests.profile([])
    let text = profile.flameGraph(title: "none")
    #expect(text.components(separatedBy: "://").count == 2, "the name space is the only address")
    #expect(!text.contains("@import") && !text.contains("href"))
    #expect(try FlamePicture(profile).frames.map(\.name) == ["shop"])
  }
}

/// A flame graph as the elements of its XML.
private final class FlamePicture: NSObject, XMLParserDelegate {
  struct Frame {
    var x = 0.0
    var y = 0.0
    var width = 0.0
    var color = ""
    var title = ""
    var text = ""
    var name: String { String(title.prefix { $0 != "\n" }) }
  }

  private(set) var frames: [Frame] = []
  /// The texts outside of frames.
  private(set) var texts: [String] = []
  private(set) var height = 0.0
  private var isInFrame = false
  private var content = ""

  init(_ profile: StackProfile, title: String = "title") throws {
    super.init()
    let parser = XMLParser(data: Data(profile.flameGraph(title: title).utf8))
    parser.delegate = self
    try #require(parser.parse(), "\(String(describing: parser.parserError)) in line \(parser.lineNumber)")
  }

  func parser(
    _ parser: XMLParser,
    didStartElement element: String,
    namespaceURI: String?,
    qualifiedName: String?,
    attributes: [String: String]
  ) {
    content = ""
    switch element {
    case "svg": height = attributes["height"].flatMap(Double.init) ?? 0
    case "g":
      isInFrame = true
      frames.append(Frame())
    case "rect" where isInFrame:
      frames[frames.count - 1].x = attributes["x"].flatMap(Double.init) ?? -1
      frames[frames.count - 1].y = attributes["y"].flatMap(Double.init) ?? -1
      frames[frames.count - 1].width = attributes["width"].flatMap(Double.init) ?? -1
      frames[frames.count - 1].color = attributes["fill"] ?? ""
    default: break
    }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { content += string }

  func parser(_ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?) {
    switch element {
    case "g": isInFrame = false
    case "title": frames[frames.count - 1].title = content
    case "text" where isInFrame: frames[frames.count - 1].text = content
    case "text": texts.append(content)
    default: break
    }
  }
}
