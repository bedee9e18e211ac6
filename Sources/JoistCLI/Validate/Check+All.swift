// SPDX-License-Identifier: Apache-2.0
//
// The list of checks in the order in which they run. The memory check is first: after other checks, the program would
// reuse memory that they freed, and the measured growth would be too small. The conservation check is last, because it
// counts what all others created.

extension Check {
  static let all: [Check] = [
    .memory,
    .order,
    .urgent,
    .turns,
    .budget,
    .ageing,
    .fairness,
    .wakeups,
    .stuck,
    .early,
    .late,
    .registers,
    .isolation,
    .conservation,
  ]
}
