// SPDX-License-Identifier: Apache-2.0
//
// What Darwin has instead.

#if canImport(Darwin)
  extension HostPlatform {
    var reservesNothing: Int32 { 0 }

    /// Guards are protections there, and Darwin does not count mappings.
    static var guardsLeaveMappingsWhole: Bool { false }
  }
#endif
