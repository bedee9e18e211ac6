// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import CompilerPluginSupport
import PackageDescription

// What a trait needs is fetched and built only for packages that enable the trait.
let macros = TargetDependencyCondition.when(traits: ["Macros"])
let dashboard = TargetDependencyCondition.when(traits: ["Dashboard"])
let telemetry = TargetDependencyCondition.when(traits: ["Telemetry"])
let hummingbird = TargetDependencyCondition.when(traits: ["Hummingbird"])
let nio = TargetDependencyCondition.when(traits: ["NIO"])
let service = TargetDependencyCondition.when(traits: ["Service"])

let package = Package(
  name: "joist",
  platforms: [.macOS(.v15), .iOS(.v18)],  // the floor of Synchronization
  products: [
    .library(name: "Joist", targets: ["Joist"]),
    .library(name: "JoistSupervision", targets: ["JoistSupervision"]),
    .library(name: "JoistTesting", targets: ["JoistTesting"]),
    .library(name: "JoistConcurrency", targets: ["JoistConcurrency"]),
    .library(name: "JoistObservation", targets: ["JoistObservation"]),
    .library(name: "JoistDashboard", targets: ["JoistDashboard"]),
    .library(name: "JoistTelemetry", targets: ["JoistTelemetry"]),
    .library(name: "JoistHummingbird", targets: ["JoistHummingbird"]),
    .library(name: "JoistNIO", targets: ["JoistNIO"]),
    .library(name: "JoistService", targets: ["JoistService"]),
    .library(name: "JoistMacros", targets: ["JoistMacros"]),
    .executable(name: "joist", targets: ["JoistCLI"]),
    .executable(name: "Hello", targets: ["Hello"]),
    .executable(name: "WordCount", targets: ["WordCount"]),
    .executable(name: "CrashyServer", targets: ["CrashyServer"]),
    .executable(name: "HummingbirdGuard", targets: ["HummingbirdGuard"]),
    .executable(name: "Echo", targets: ["Echo"]),
  ],
  traits: [
    .trait(name: "Macros", description: "The macros of JoistMacros, which need swift-syntax."),
    .trait(name: "Dashboard", description: "The live page of JoistDashboard, which needs Hummingbird."),
    .trait(
      name: "Telemetry",
      description: "The adapters of JoistTelemetry to swift-log, swift-metrics and swift-distributed-tracing."
    ),
    .trait(
      name: "Hummingbird",
      description: "The guard of JoistHummingbird around the requests of an application.",
      enabledTraits: ["Telemetry"]
    ),
    .trait(name: "NIO", description: "The connections of JoistNIO, which are channels of SwiftNIO."),
    .trait(
      name: "Service",
      description: "The services of JoistService, which run in a service group of swift-service-lifecycle.",
      enabledTraits: ["Telemetry"]
    ),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/swiftlang/swift-syntax", "602.0.0"..<"604.0.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.0.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.1.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.0.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
  ],
  targets: [
    .target(name: "CJoist"),
    .target(name: "CSwitchProbe", dependencies: ["CJoist"]),
    .target(name: "Joist", dependencies: ["CJoist"]),
    .target(name: "JoistSupervision", dependencies: ["Joist"]),
    .target(name: "JoistSimulation", dependencies: ["Joist", "CJoist"]),
    .target(name: "JoistConcurrency", dependencies: ["Joist", "CJoist"]),
    .target(name: "JoistObservation", dependencies: ["Joist", "JoistSupervision"]),
    .target(
      name: "JoistDashboard",
      dependencies: [
        "Joist",
        "JoistObservation",
        .product(name: "Hummingbird", package: "hummingbird", condition: dashboard),
      ]
    ),
    .target(
      name: "JoistTelemetry",
      dependencies: [
        "Joist",
        .product(name: "Logging", package: "swift-log", condition: telemetry),
        .product(name: "CoreMetrics", package: "swift-metrics", condition: telemetry),
        .product(name: "Tracing", package: "swift-distributed-tracing", condition: telemetry),
      ]
    ),
    .target(
      name: "JoistHummingbird",
      dependencies: [
        "Joist",
        "JoistConcurrency",
        "JoistTelemetry",
        .product(name: "Hummingbird", package: "hummingbird", condition: hummingbird),
        .product(name: "HummingbirdCore", package: "hummingbird", condition: hummingbird),
        .product(name: "Logging", package: "swift-log", condition: hummingbird),
        .product(name: "CoreMetrics", package: "swift-metrics", condition: hummingbird),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: hummingbird),
      ]
    ),
    .target(
      name: "JoistNIO",
      dependencies: ["Joist", .product(name: "NIOCore", package: "swift-nio", condition: nio)]
    ),
    .target(
      name: "JoistService",
      dependencies: [
        "Joist",
        "JoistSupervision",
        "JoistTelemetry",
        .product(name: "Logging", package: "swift-log", condition: service),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: service),
      ]
    ),
    .target(name: "JoistTesting", dependencies: ["Joist", "JoistSimulation"]),
    .macro(
      name: "JoistMacrosPlugin",
      dependencies: [
        .product(name: "SwiftCompilerPlugin", package: "swift-syntax", condition: macros),
        .product(name: "SwiftDiagnostics", package: "swift-syntax", condition: macros),
        .product(name: "SwiftParser", package: "swift-syntax", condition: macros),
        .product(name: "SwiftSyntax", package: "swift-syntax", condition: macros),
        .product(name: "SwiftSyntaxBuilder", package: "swift-syntax", condition: macros),
        .product(name: "SwiftSyntaxMacros", package: "swift-syntax", condition: macros),
      ]
    ),
    .target(name: "JoistMacros", dependencies: ["Joist", "JoistMacrosPlugin"]),
    .executableTarget(
      name: "JoistCLI",
      dependencies: [
        "Joist",
        "JoistSimulation",
        "JoistSupervision",
        "JoistConcurrency",
        "JoistObservation",
        "CJoist",
        "CSwitchProbe",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ]
    ),
    .executableTarget(name: "WordCount", dependencies: ["Joist"], path: "Examples/WordCount"),
    .executableTarget(
      name: "CrashyServer",
      dependencies: ["Joist", "JoistSupervision"],
      path: "Examples/CrashyServer"
    ),
    .executableTarget(
      name: "Echo",
      dependencies: [
        "Joist",
        "JoistNIO",
        .product(name: "NIOCore", package: "swift-nio", condition: nio),
        .product(name: "NIOPosix", package: "swift-nio", condition: nio),
      ],
      path: "Examples/Echo"
    ),
    .executableTarget(
      name: "HummingbirdGuard",
      dependencies: [
        "Joist",
        "JoistHummingbird",
        .product(name: "Hummingbird", package: "hummingbird", condition: hummingbird),
      ],
      path: "Examples/HummingbirdGuard"
    ),
    .executableTarget(
      name: "ServerFigures",
      dependencies: [
        "Joist",
        "JoistConcurrency",
        "JoistHummingbird",
        .product(name: "Hummingbird", package: "hummingbird", condition: hummingbird),
        .product(name: "Logging", package: "swift-log", condition: hummingbird),
      ],
      path: "Examples/ServerFigures"
    ),
    .executableTarget(name: "TaskFigures", dependencies: ["Joist", "JoistConcurrency"], path: "Examples/TaskFigures"),
    .executableTarget(name: "Hello", dependencies: ["Joist"], path: "Examples/Hello"),
    .executableTarget(
      name: "Snippets",
      dependencies: [
        "Joist",
        "JoistSupervision",
        "JoistConcurrency",
        "JoistHummingbird",
        "JoistMacros",
        "JoistObservation",
        .product(name: "Hummingbird", package: "hummingbird", condition: hummingbird),
      ],
      path: "Examples/Snippets"
    ),
    .target(name: "CFaultProbe", path: "Tests/CFaultProbe"),
    .target(
      name: "TestSupport",
      dependencies: ["Joist", "JoistConcurrency", "JoistSimulation", "JoistTesting"],
      path: "Tests/TestSupport"
    ),
    .testTarget(
      name: "JoistTests",
      dependencies: ["Joist", "CJoist", "CSwitchProbe", "CFaultProbe", "TestSupport"]
    ),
    .testTarget(
      name: "SimulationTests",
      dependencies: ["Joist", "JoistSimulation", "JoistTesting", "TestSupport"]
    ),
    .testTarget(name: "SupervisionTests", dependencies: ["Joist", "JoistSupervision", "TestSupport"]),
    .testTarget(
      name: "ObservationTests",
      dependencies: ["Joist", "JoistObservation", "JoistSupervision", "JoistTesting", "TestSupport"]
    ),
    .testTarget(name: "ConcurrencyTests", dependencies: ["Joist", "JoistConcurrency", "TestSupport"]),
    .testTarget(
      name: "DashboardTests",
      dependencies: [
        "JoistDashboard",
        "JoistObservation",
        "TestSupport",
        .product(name: "Hummingbird", package: "hummingbird", condition: dashboard),
        .product(name: "HummingbirdTesting", package: "hummingbird", condition: dashboard),
      ]
    ),
    .testTarget(
      name: "TelemetryTests",
      dependencies: [
        "Joist",
        "JoistSupervision",
        "JoistTelemetry",
        "TestSupport",
        .product(name: "Logging", package: "swift-log", condition: telemetry),
        .product(name: "CoreMetrics", package: "swift-metrics", condition: telemetry),
        .product(name: "Tracing", package: "swift-distributed-tracing", condition: telemetry),
        .product(name: "InMemoryTracing", package: "swift-distributed-tracing", condition: telemetry),
      ]
    ),
    .testTarget(
      name: "HummingbirdTests",
      dependencies: [
        "Joist",
        "JoistConcurrency",
        "JoistHummingbird",
        "TestSupport",
        .product(name: "Hummingbird", package: "hummingbird", condition: hummingbird),
        .product(name: "HummingbirdCore", package: "hummingbird", condition: hummingbird),
        .product(name: "HummingbirdHTTP2", package: "hummingbird", condition: hummingbird),
        .product(name: "HummingbirdTLS", package: "hummingbird", condition: hummingbird),
        .product(name: "HummingbirdTesting", package: "hummingbird", condition: hummingbird),
        .product(name: "Logging", package: "swift-log", condition: hummingbird),
        .product(name: "InMemoryLogging", package: "swift-log", condition: hummingbird),
      ]
    ),
    .testTarget(
      name: "ServiceTests",
      dependencies: [
        "Joist",
        "JoistService",
        "JoistSupervision",
        "TestSupport",
        .product(name: "Logging", package: "swift-log", condition: service),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: service),
      ]
    ),
    .testTarget(
      name: "NIOTests",
      dependencies: [
        "Joist",
        "JoistNIO",
        "TestSupport",
        .product(name: "NIOCore", package: "swift-nio", condition: nio),
        .product(name: "NIOPosix", package: "swift-nio", condition: nio),
      ]
    ),
    .testTarget(
      name: "ExampleTests",
      dependencies: ["CrashyServer", "WordCount", "Snippets", "Joist", "JoistCLI", "JoistTesting", "TestSupport"]
    ),
    .testTarget(
      name: "CompileTests",
      dependencies: ["Joist", "JoistMacros", "JoistSupervision"],
      exclude: ["Programs"]
    ),
    .testTarget(name: "MacroTests", dependencies: ["Joist", "JoistMacros", "TestSupport"]),
    .testTarget(name: "TidyTests"),
  ]
)

let plainC: Set = ["CJoist", "CSwitchProbe", "CFaultProbe"]
for target in package.targets where !plainC.contains(target.name) {
  target.swiftSettings = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  ]
  // Tests look at memory by pointers, and nothing stands on them.
  if !target.isTest { target.swiftSettings?.append(.strictMemorySafety()) }
}
