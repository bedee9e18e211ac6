// SPDX-License-Identifier: Apache-2.0
//
// The setting that says what becomes of a deadlock.

/// What a runtime does about processes that certainly wait for each other forever.
///
/// In any case it reports them (``Report/Event/deadlock(_:)``).
public enum DeadlockPolicy: Sendable, Hashable {
  /// Nothing else.
  case report
  /// The call of the circle that began last throws ``CallError/deadlock``; without a call in it, nothing else is done.
  case breakYoungest
  /// The process with that registered name is killed, if it is in the circle.
  case end(named: String)
}
