// SPDX-License-Identifier: Apache-2.0
//
// What a debugger shows of the processes of a program, by Scripts/core.py.

#if os(Linux)
  import Foundation
  import Testing

  @Suite struct CoreTests {
    /// Whether gdb is installed and may look into programs.
    static let canDebug = (try? gdb([], "/bin/true"))?.contains("exited normally") ?? false

    @Test(.enabled(if: canDebug))
    func `O1: a debugger shows each process with its state and its counts, and each stack once`() throws {
      // The program stops where the runtime reads the stack of a process that waits in a circle of calls.
      let commands = ["break joist_stack_walk", "run", "source \(Self.script("core.py"))", "joist-processes"]
      let output = try Self.gdb(commands, Shell.program("Snippets"), "brokenDeadlock")
      let lines = output.split(separator: "\n").drop { $0 != "=processes" }
      #expect(lines.contains("#1.1 waiting in call slices 1 received 0 sent 1"), "\(output)")
      #expect(lines.contains("1 with this stack: #1.1") && lines.contains("2 processes"), "\(output)")
      #expect(lines.contains { $0.hasPrefix("  ") && $0.contains("brokenDeadlock") }, "\(output)")
      #expect(lines.last == "=end", "\(output)")
    }

    @Test(.enabled(if: canDebug))
    func `O1: a debugger shows no processes of another program, which is one line`() throws {
      let result = try Shell.run(Self.script("core"), ["/bin/true", "/bin/true"])
      #expect(result.error == "core: this program does not use Joist, or has no symbols\n" && result.status == 1)
    }

    private static func gdb(_ commands: [String], _ program: String...) throws -> String {
      let given = (commands.isEmpty ? ["run"] : commands).flatMap { ["-ex", $0] }
      let arguments = ["gdb", "-nx", "-batch"] + given + ["--args"] + program
      return try Shell.run("/usr/bin/env", arguments).output
    }

    private static func script(_ name: String) -> String { Pages.root.appendingPathComponent("Scripts/\(name)").path }
  }
#endif
