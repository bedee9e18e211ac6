// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
  name: "joist",
  platforms: [.macOS(.v15), .iOS(.v18)],  // the floor of Synchronization
  products: [
    .library(name: "Joist", targets: ["Joist"]),
    .library(name: "JoistSupervision", targets: ["JoistSupervision"]),
    .library(name: "JoistTesting", targets: ["JoistTesting"]),
    .executable(name: "joist", targets: ["JoistCLI"]),
    .executable(name: "Hello", targets: ["Hello"]),
    .executable(name: "WordCount", targets: ["WordCount"]),
    .executable(name: "CrashyServer", targets: ["CrashyServer"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ],
  targets: [
    .target(name: "CJoist"),
    .target(name: "CSwitchProbe", dependencies: ["CJoist"]),
    .target(name: "Joist", dependencies: ["CJoist"]),
    .target(name: "JoistSupervision", dependencies: ["Joist"]),
    .target(name: "JoistSimulation", dependencies: ["Joist", "CJoist"]),
    .target(name: "JoistTesting", dependencies: ["Joist", "JoistSimulation"]),
    .executableTarget(
      name: "JoistCLI",
      dependencies: [
        "Joist",
        "JoistSimulation",
        "JoistSupervision",
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
    .executableTarget(name: "Hello", dependencies: ["Joist"], path: "Examples/Hello"),
    .target(name: "CFaultProbe", path: "Tests/CFaultProbe"),
    .target(
      name: "TestSupport",
      dependencies: ["Joist", "JoistSimulation", "JoistTesting"],
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
    .testTarget(name: "ExampleTests", dependencies: ["CrashyServer", "WordCount", "JoistCLI", "TestSupport"]),
    .testTarget(name: "CompileTests", dependencies: ["Joist", "JoistSupervision"], exclude: ["Programs"]),
    .testTarget(name: "TidyTests"),
  ]
)

let plainC: Set = ["CJoist", "CSwitchProbe", "CFaultProbe"]
for target in package.targets where !plainC.contains(target.name) {
  target.swiftSettings = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  ]
}
