// SPDX-License-Identifier: Apache-2.0
//
// The public interface to names, for threads and for processes.

extension ProcessRuntime {
  /// Gives a living process a name for as long as it lives; a process may have several names.
  ///
  /// Blocks only for a short lock. May allocate.
  /// - Throws: ``NameError`` if the name is taken or empty, or the process has ended.
  public func register<M: ~Copyable>(_ ref: ProcessRef<M>, as name: String) throws(NameError) {
    try core.register(ref, as: name)
  }

  /// Returns the process with a name; nil if no process has it.
  ///
  /// - Throws: ``NameError/wrongType(_:takes:asked:)`` if the process takes messages of another type.
  public func lookup<M: ~Copyable>(_ name: String, as type: M.Type) throws(NameError) -> ProcessRef<M>? {
    try core.lookup(name, as: type)
  }

  /// Removes a name from the process that has it.
  public func unregister(_ name: String) { core.unregister(name) }

  /// All registered names, sorted.
  public var registeredNames: [String] { core.it.names.all }
}

extension ProcessContext where Message: ~Copyable {
  /// Gives this process a name for as long as it lives, as ``ProcessRuntime/register(_:as:)`` does.
  public func register(as name: String) throws(NameError) { try core.register(ref, as: name) }

  /// Returns the process with a name on this runtime, as ``ProcessRuntime/lookup(_:as:)`` does.
  public func lookup<M: ~Copyable>(_ name: String, as type: M.Type) throws(NameError) -> ProcessRef<M>? {
    try core.lookup(name, as: type)
  }

  /// Removes a name from the process that has it.
  public func unregister(_ name: String) { core.unregister(name) }
}

extension Handle<RuntimeCore> {
  fileprivate func register<M: ~Copyable>(_ ref: ProcessRef<M>, as name: String) throws(NameError) {
    guard let record = ref.record else { throw .noProcess }
    try it.names.add(name, record, ref.id, MessageType(M.self))
  }

  fileprivate func lookup<M: ~Copyable>(_ name: String, as type: M.Type) throws(NameError) -> ProcessRef<M>? {
    guard let entry = it.names.find(name) else { return nil }
    // Order: types are only compared for equality.
    guard entry.type.id == ObjectIdentifier(ProcessRef<M>.self) else {
      throw .wrongType(name, takes: entry.type.description, asked: MessageType(M.self).description)
    }
    return ProcessRef(record: entry.record, id: entry.id)
  }

  fileprivate func unregister(_ name: String) { it.names.remove(name) }
}
