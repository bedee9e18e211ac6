// SPDX-License-Identifier: Apache-2.0
//
// The suite of all tests of this target. They run one after the other: when two processes crash at the same moment,
// Swift's message of one may be taken for the other's.

#if Telemetry
  import Testing

  @Suite(.serialized) enum TelemetryTests {}
#endif
