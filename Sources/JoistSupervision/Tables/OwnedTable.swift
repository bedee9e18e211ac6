// SPDX-License-Identifier: Apache-2.0
//
// A table that one process owns and all may read.
// TB1. The contents are an immutable value. A reader takes the present value, and looks into it without a lock. A
//      writer changes a copy, and puts it in place of the value that it has copied; if another writer was faster, it
//      begins again. So no code of the program runs under the lock of `TableOwnership`, a reader never sees half of a
//      change, and a crash in the middle of a change leaves the table as it was.

public import Joist

/// A table that a process owns, and that every process and thread reads without the owner's mailbox.
///
/// The contents are a value that is cheap to copy and to change: ``TableMap`` finds values by key, ``SortedTableMap``
/// also in the order of the keys, and ``TableBag`` keeps several values for a key. Any other `Sendable` value is
/// possible.
///
/// ```
/// let prices = OwnedTable(TableMap<String, Int>(), ownedBy: process)
/// try prices.updateValue(5, forKey: "apple")
/// let price = try prices["apple"]
/// ```
///
/// Each change is made as a whole: readers see the table before or after it, and if the code of a change crashes, the
/// table is as before. When the owner ends, in whatever way, the table is gone before any monitor of the owner is told,
/// unless an heir takes it over. Then each use throws ``TableError/gone``.
///
/// No call parks or blocks, apart from a short lock. A reader allocates nothing.
public final class OwnedTable<Contents: Sendable>: Sendable {
  @usableFromInline let ownership: TableOwnership

  /// Makes a table that a process owns.
  ///
  /// - Parameters:
  ///   - contents: The first contents.
  ///   - process: The process that owns the table: the running one.
  ///   - writers: The processes that may change the table.
  public init<Message: ~Copyable>(
    _ contents: Contents,
    ownedBy process: ProcessContext<Message>,
    writers: TableWriters = .owner
  ) {
    ownership = TableOwnership(TableBox(contents), process.ref, writers)
  }

  deinit { ownership.forget() }

  /// The contents as they are now: a value of one's own, which later changes of the table do not change.
  public var contents: Contents {
    @inlinable get throws(TableError) { try Self.open(ownership.read()) }
  }

  /// Changes the contents, and returns what the closure returns.
  ///
  /// The change is made as a whole when the closure returns, and not at all if it throws. If several processes may
  /// write, the closure is called again when another change came first, so it should do nothing else.
  ///
  /// - Throws: What the closure throws; a ``TableError``.
  @inlinable @discardableResult
  public func update<Value>(_ body: (inout Contents) throws -> Value) throws -> Value {
    try change { contents in Result { try body(&contents) } }.get()
  }

  /// Changes the contents unless the closure's result is a failure, and returns that result.
  @inlinable
  func change<Value, Failure: Error>(
    _ body: (inout Contents) -> Result<Value, Failure>
  ) throws(TableError) -> Result<Value, Failure> {
    while true {
      let old = try ownership.readToWrite()
      var contents = Self.open(old)
      let result = body(&contents)
      guard case .success = result else { return result }
      if try ownership.replace(old, by: TableBox(contents)) { return result }
    }
  }

  /// The process that owns the table; nil if the table is gone.
  public var owner: ProcessID? { ownership.owner }

  /// Makes another process the owner; called by the owner.
  ///
  /// - Throws: A ``TableError``. If the other process has ended, the table stays where it is.
  public func give<Message: ~Copyable>(to process: ProcessRef<Message>) throws(TableError) {
    try ownership.give(to: process)
  }

  /// Names the process that gets the table when its owner ends; called by the owner.
  ///
  /// If the heir has ended by then, the table is gone. An heir that has become the owner has no heir itself until it
  /// names one.
  ///
  /// - Parameters:
  ///   - process: The heir.
  ///   - message: Makes the message that tells the heir that it is the owner now, from the owner before it.
  /// - Throws: A ``TableError``.
  public func setHeir<Message: ~Copyable>(
    _ process: ProcessRef<Message>,
    message: @escaping @Sendable (ProcessID) -> sending Message
  ) throws(TableError) {
    try ownership.setHeir(process) { process.send(message($0)) }
  }

  /// Removes the table before its owner ends; called by the owner.
  ///
  /// - Throws: A ``TableError``.
  public func remove() throws(TableError) { try ownership.remove() }

  // Sound: the ownership keeps boxes of this table only, which this type has made.
  @inlinable
  static func open(_ box: AnyTableBox) -> Contents { unsafe unsafeDowncast(box, to: TableBox<Contents>.self).contents }
}

/// The processes that may change a table.
public enum TableWriters: Sendable, Hashable {
  /// The owner alone.
  case owner
  /// Every process and thread.
  case all
}

/// The reason why a table cannot be used.
public enum TableError: Error, Hashable, CustomStringConvertible {
  /// The table's owner has ended, or has removed the table.
  case gone
  /// Only the owner may do that.
  case notOwner(ProcessID)
  /// The process that was to become the owner or the heir has ended.
  case noProcess

  /// The reason in one sentence.
  public var description: String {
    switch self {
    case .gone: "the table is gone: its owner has ended, or has removed it"
    case .notOwner(let owner): "only the owner \(owner) of the table may do that"
    case .noProcess: "the process has ended"
    }
  }
}
