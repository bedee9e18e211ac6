// SPDX-License-Identifier: Apache-2.0
//
// Runs the example WordCount as a child process and compares it with the equivalent pipeline of shell tools.

import Foundation
import TestSupport
import Testing

@Suite struct WordCountTests {
  @Test(.enabled(if: Shell.hasTools))
  func `M4: word counts of several files are those of the pipeline`() throws {
    let folder = try Folder()
    let files = [
      try folder.write("plain", "The cat, the dog; THE end.\nNaïve café don't\n"),
      try folder.write("cut", "begins with a wor"),
      try folder.write("goes on", "d that is another's"),
      try folder.write("empty", ""),
      try folder.write("digits", "12 34 -- 5\n"),
      try folder.write("giant", String(repeating: "a", count: many(5 << 19, oneIn: 50)) + " then b"),
      try folder.write("long", String(repeating: "Ab cd\nE", count: many(160_000, oneIn: 50))),
      try folder.write("source", String(contentsOfFile: #filePath, encoding: .utf8)),
    ]
    let got = try Shell.run(Shell.program("WordCount"), files)
    let list = files.map { "tr -cs 'A-Za-z' '\\n' <'\($0)'; echo" }.joined(separator: "; ")
    let pipeline = "{ \(list); } | tr 'A-Z' 'a-z' | grep -v '^$' | sort | uniq -c | sort -k1,1nr -k2 | sed 's/^ *//'"
    let expected = try Shell.run("/bin/sh", ["-c", pipeline])
    #expect(got.status == 0 && got.error.isEmpty)
    #expect(got.output == expected.output && !got.output.isEmpty)
  }

  @Test(arguments: ["there is no such file", "/"])
  func `I2: a file that cannot be read is named in one line, with status 1`(path: String) throws {
    let got = try Shell.run(Shell.program("WordCount"), [path])
    #expect(got.status == 1 && got.output.isEmpty)
    #expect(got.error.hasPrefix("WordCount: \(path): ") && got.error.filter { $0 == "\n" }.count == 1)
  }

  @Test(arguments: [[], ["--schedulers"], ["--schedulers", "x", "f"], ["--schedulers", "0", "f"], ["--what"]])
  func `I2: wrong arguments get one line and status 64`(arguments: [String]) throws {
    let got = try Shell.run(Shell.program("WordCount"), arguments)
    #expect(got.status == 64 && got.output.isEmpty)
    #expect(got.error.filter { $0 == "\n" }.count == 1)
  }
}
