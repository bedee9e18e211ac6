// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import CompilerPluginSupport
import PackageDescription

// Swift-syntax is fetched and built only for who enables the trait.
let macros = TargetDependencyCondition.when(traits: ["Macros"])

let package = Package(
  name: "joist",
  platforms: [.macOS(.v15), .iOS(.v18)],  // the floor of Synchronization
  products: [
    .library(name: "Joist", targets: ["Joist"]),
    .library(name: "JoistSupervision", targets: ["JoistSupervision"]),
    .library(name: "JoistTesting", targets: ["JoistTesting"]),
    .library(name: "JoistMacros", targets: ["JoistMacros"]),
    .executable(name: "joist", targets: ["JoistCLI"]),
    .executable(name: "Hello", targets: ["Hello"]),
    .executable(name: "WordCount", targets: ["WordCount"]),
    .executable(name: "CrashyServer", targets: ["CrashyServer"]),
  ],
  traits: [.trait(name: "Macros", description: "The macros of JoistMacros, which need swift-syntax.")],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/swiftlang/swift-syntax", "602.0.0"..<"604.0.0"),
  ],
  targets: [
    .target(name: "CJoist"),
    .target(name: "CSwitchProbe", dependencies: ["CJoist"]),
    .target(name: "Joist", dependencies: ["CJoist"]),
    .target(name: "JoistSupervision", dependencies: ["Joist"]),
    .target(name: "JoistSimulation", dependencies: ["Joist", "CJoist"]),
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
    .executableTarget(
      name: "Snippets",
      dependencies: ["Joist", "JoistSupervision", "JoistMacros"],
      path: "Examples/Snippets"
    ),
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
