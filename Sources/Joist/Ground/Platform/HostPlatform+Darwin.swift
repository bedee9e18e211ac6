// SPDX-License-Identifier: Apache-2.0
//
// The parts of `HostPlatform` that differ on Darwin.

#if canImport(Darwin)
  extension HostPlatform {
    var reservesNothing: Int32 { 0 }

    /// Whether guards leave their mapping whole: false, but guards are page protections and Darwin does not limit
    /// mappings.
    static var guardsLeaveMappingsWhole: Bool { false }
  }
#endif
