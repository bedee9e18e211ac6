// SPDX-License-Identifier: Apache-2.0
//
// The list of checks, in the order in which they run. What measures memory is first, while nothing has been freed yet;
// the balance of everything is last.

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
