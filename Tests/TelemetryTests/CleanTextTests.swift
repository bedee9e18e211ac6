// SPDX-License-Identifier: Apache-2.0
//
// Text of a program as it appears in logs and traces.

#if Telemetry
  @testable import JoistTelemetry
  import Testing

  extension TelemetryTests {
    @Suite struct CleanTextTests {
      @Test(arguments: [
        ("store", "store"), ("größe 👩‍👩‍👧", "größe 👩‍👩‍👧"), ("a\nb", "a\\u{A}b"), ("\u{1B}[2J", "\\u{1B}[2J"),
        ("\u{7F}", "\\u{7F}"),
        ("\u{85}", "\\u{85}"), ("\u{2028}", "\\u{2028}"), ("\u{202E}x", "\\u{202E}x"), ("", ""),
      ])
      func `O1: control and direction characters are escaped, other text is left as it is`(text: String, clean: String)
      {
        #expect(text.cleaned(limit: 100) == clean)
      }

      @Test(arguments: [3, 4, 7, 8, 9, 20]) func `O1: a long text is cut at a character and marked`(limit: Int) {
        for text in [String(repeating: "a", count: 21), String(repeating: "ö", count: 21), "\u{1B}\u{1B}\u{1B}\u{1B}"] {
          let cut = text.cleaned(limit: limit)
          #expect(cut.utf8.count <= limit && cut.hasSuffix("…"))
        }
        #expect("abcdefgh".cleaned(limit: 8) == "abcdefgh")
        #expect("abcdefghi".cleaned(limit: 8) == "abcde…")
      }
    }
  }
#endif
