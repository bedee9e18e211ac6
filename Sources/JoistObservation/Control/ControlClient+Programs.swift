// SPDX-License-Identifier: Apache-2.0
//
// The programs that can be asked: the list of them, and the way from a number, a name or a path to one of them.

extension ControlClient {
  /// The time in which all listed programs must answer.
  private static let listTime = Duration.seconds(1)
  /// The number of sockets that are asked at once, each with a descriptor.
  private static let listBatch = 64
  /// The number of programs that an error names.
  private static let namedPrograms = 8

  /// Connects to a program and asks whether it answers; blocks for at most a few seconds.
  ///
  /// - Parameters:
  ///   - target: The number of the program's process, the name of the program, or the path of its socket, which has a
  ///     slash in it.
  ///   - directory: The folder of the sockets; by default `joist` in `$XDG_RUNTIME_DIR` and `/tmp/joist-USER`.
  /// - Returns: The connection.
  /// - Throws: An error that says what to do: if there is no such program, with a list of those that there are; if
  ///   several have the name; if the program does not answer, is of another version or belongs to another user.
  public static func connect(
    to target: String,
    directory: String? = nil
  ) throws(InspectionError) -> ControlClient {
    try connect(to: target, directory: directory, patience: usualPatience)
  }

  /// Connects with another time for answers than the usual one.
  package static func connect(
    to target: String,
    directory: String?,
    patience: Duration
  ) throws(InspectionError) -> ControlClient {
    let client =
      if target.contains("/") {
        ControlClient(try session(target), path: target, patience: patience)
      } else {
        try find(target, directory: directory, patience: patience)
      }
    _ = try client.program()
    return client
  }

  /// Returns the programs with control sockets, in the order of their names; blocks for at most about a second for each
  /// 64 of them.
  ///
  /// A program that does not answer is in the list without a description. Sockets without a program are left out, and
  /// removed if the process with their number has ended.
  ///
  /// - Parameter directory: The folder of the sockets; by default `joist` in `$XDG_RUNTIME_DIR` and `/tmp/joist-USER`.
  /// - Returns: The programs; none if the folder is missing or cannot be trusted.
  public static func programs(directory: String? = nil) -> [ListedProgram] {
    let addresses = (try? addresses(directory)) ?? []
    var programs: [ListedProgram] = []
    for start in stride(from: 0, to: addresses.count, by: listBatch) {
      programs += list(addresses[start..<min(start + listBatch, addresses.count)])
    }
    return programs.sorted { ($0.name, $0.pid) < ($1.name, $1.pid) }
  }

  // MARK: The list

  private static func addresses(_ directory: String?) throws(InspectionError) -> [ControlAddress] {
    try ControlFolder.forClient(directory).flatMap(\.addresses)
  }

  /// Asks all programs at first, and then waits for their answers until one deadline.
  private static func list(_ addresses: ArraySlice<ControlAddress>) -> [ListedProgram] {
    let deadline = ContinuousClock.now + listTime
    var asked: [(address: ControlAddress, session: ControlSession?)] = []
    for address in addresses {
      do throws(ControlConnectFailure) {
        let session = try ControlSession(to: address.path, until: .now)
        asked.append((address, (try? session.send(.program, id: 1)).map { session }))
      } catch {
        switch error {
        case .isGone: ControlFile.removeStale(address)
        case .failed: asked.append((address, nil))
        }
      }
    }
    return asked.map { address, session in
      let answer: ControlSession.Answer<ProgramDescription>? = try? session?.receive(id: 1, until: deadline)
      return ListedProgram(pid: address.pid, name: address.name, path: address.path, description: answer?.value)
    }
  }

  // MARK: The way to one

  /// Connects to the program with a number or a name.
  private static func find(
    _ target: String,
    directory: String?,
    patience: Duration
  ) throws(InspectionError) -> ControlClient {
    let addresses = try addresses(directory)
    let withNumber = Int32(target).map { pid in addresses.filter { $0.pid == pid } } ?? []
    let matches = withNumber.isEmpty ? addresses.filter { $0.name == ControlAddress.clean(target) } : withNumber
    var found: [(address: ControlAddress, session: ControlSession)] = []
    for address in matches {
      do throws(ControlConnectFailure) {
        found.append((address, try ControlSession(to: address.path, until: .now + connectTime)))
      } catch {
        if case .failed(let error) = error { throw error }
      }
    }
    guard let (address, session) = found.first else { throw noProgram(target, directory: directory) }
    guard found.count == 1 else {
      let paths = named(found.map(\.address), by: withNumber.isEmpty ? \.numberText : \.path)
      throw InspectionError("several programs match \(ControlAddress.clean(target)): name one of \(paths)")
    }
    return ControlClient(session, path: address.path, patience: patience)
  }

  private static func noProgram(_ target: String, directory: String?) -> InspectionError {
    let programs = programs(directory: directory)
    let none = "no program \(ControlAddress.clean(target)) has a control socket"
    guard !programs.isEmpty else { return InspectionError("\(none), and no other has one: open it with ControlServer") }
    let addresses = programs.map { ControlAddress(folder: "", program: $0.name, pid: $0.pid) }
    return InspectionError("\(none): name one of \(named(addresses, by: \.nameText))")
  }

  /// Lists the first addresses by one of their texts.
  private static func named(_ addresses: [ControlAddress], by text: (ControlAddress) -> String) -> String {
    let more = addresses.count > namedPrograms ? [" and \(addresses.count - namedPrograms) more"] : []
    return addresses.prefix(namedPrograms).map(text).joined(separator: ", ") + more.joined()
  }
}

extension ControlAddress {
  fileprivate var numberText: String { "\(pid)" }
  fileprivate var nameText: String { "\(name) (\(pid))" }
}
