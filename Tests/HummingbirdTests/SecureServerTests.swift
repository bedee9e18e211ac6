// SPDX-License-Identifier: Apache-2.0
//
// Contained servers behind TLS, and of HTTP/2: the connections are other ones than those of plain HTTP. The client is
// curl, and openssl makes the certificate.

#if Hummingbird
  import Foundation
  import Hummingbird
  import HummingbirdCore
  import HummingbirdHTTP2
  import HummingbirdTLS
  import JoistHummingbird
  import TestSupport
  import Testing

  /// Runs a program of this machine, and returns what it printed; nil if it cannot be run.
  private func output(_ program: String, _ arguments: [String]) throws -> String? {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 127 ? nil : String(decoding: data, as: UTF8.self)
  }

  /// Whether this machine has the programs of these tests.
  private let hasPrograms =
    (try? output("openssl", ["version"])) != nil
    && (try? output("curl", ["--version"]))?.contains("HTTP2") == true

  /// A server's settings of TLS, with a key and a certificate of its own.
  private func settings(protocols: [String]) throws -> TLSConfiguration {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("joist-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let key = folder.appendingPathComponent("key.pem").path
    let certificate = folder.appendingPathComponent("own.pem").path
    let request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _ = try output("openssl", request + ["-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost"])
    var settings = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
    )
    settings.applicationProtocols = protocols
    return settings
  }

  /// Asks for three paths on one connection, and returns the statuses and the version of HTTP of each answer.
  private func ask(_ port: Int, _ options: [String], _ paths: [String]) throws -> [String] {
    let urls = paths.map { "https://127.0.0.1:\(port)/\($0)" }
    let quiet = ["--silent", "--insecure", "--max-time", "60", "--output", "/dev/null"]
    let format = ["--write-out", "%{http_code} %{http_version}\\n"]
    let arguments = urls.flatMap { quiet + format + options + [$0, "--next"] }
    return try output("curl", Array(arguments.dropLast()))!.split(separator: "\n").map(String.init)
  }

  @Suite(.timeLimit(.minutes(15)), .enabled(if: hasPrograms)) struct SecureServerTests {
    @Test func `A3: a crash behind TLS answers 500, and the connection goes on`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        let server = try HTTPServerBuilder.tls(.http1(), tlsConfiguration: settings(protocols: ["http/1.1"]))
        try await endServer(server: server) { port, _, _ in
          try ask(port, ["--http1.1"], ["hello", "crash", "hello"]) == ["200 1.1", "500 1.1", "200 1.1"]
        }
      }
    }

    @Test func `A3: a crash in a stream of HTTP/2 answers 500, and the other streams go on`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        let server = try HTTPServerBuilder.http2Upgrade(tlsConfiguration: settings(protocols: ["h2"]))
        try await endServer(server: server) { port, _, _ in
          try ask(port, ["--http2"], ["hello", "crash", "hello"]) == ["200 2", "500 2", "200 2"]
        }
      }
    }

    @Test func `A3: bytes that are no TLS end their connection, and no other`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        let server = try HTTPServerBuilder.http2Upgrade(tlsConfiguration: settings(protocols: ["h2"]))
        try await endServer(server: server) { port, _, _ in
          let answer = try await Client.connect(port) { client in
            try await client.send("GET /hello HTTP/1.1\r\nHost: here\r\n\r\n")
            return try await client.rest()
          }
          return try !answer.contains("HTTP") && ask(port, ["--http2"], ["hello"]) == ["200 2"]
        }
      }
    }
  }
#endif
