// SPDX-License-Identifier: Apache-2.0
//
// Giving and finding names: of any thread, and of processes.

extension ProcessRuntime {
  /// Gives a living process a name for as long as it lives; it may have several.
  ///
  /// Throws a ``NameError`` when the name is taken or empty, or the process has ended. Waits for a short lock only.
  public func register<M: ~Copyable>(_ ref: ProcessRef<M>, as name: String) throws(NameError) {
    try core.register(ref, as: name)
  }

  /// The process of that name; nil when nobody has it.
  ///
  /// Throws a ``NameError`` that names both types when it takes other messages.
  public func lookup<M: ~Copyable>(_ name: String, as type: M.Type) throws(NameError) -> ProcessRef<M>? {
    try core.lookup(name, as: type)
  }

  /// Takes a name away from whoever has it.
  public func unregister(_ name: String) { core.unregister(name) }

  /// All names, sorted.
  public var registeredNames: [String] { core.it.names.all }
}

extension ProcessContext where Message: ~Copyable {
  /// Gives this process a name for as long as it lives.
  ///
  /// As `ProcessRuntime.register`.
  public func register(as name: String) throws(NameError) { try core.register(ref, as: name) }

  /// The process of that name on this runtime.
  ///
  /// As `ProcessRuntime.lookup`.
  public func lookup<M: ~Copyable>(_ name: String, as type: M.Type) throws(NameError) -> ProcessRef<M>? {
    try core.lookup(name, as: type)
  }

  /// Takes a name away from whoever has it.
  public func unregister(_ name: String) { core.unregister(name) }
}

extension Handle<RuntimeCore> {
  fileprivate func register<M: ~Copyable>(_ ref: ProcessRef<M>, as name: String) throws(NameError) {
    guard let record = ref.record else { throw .noProcess }
    try it.names.add(name, record, ref.id, MessageType(M.self))
  }

  fileprivate func lookup<M: ~Copyable>(_ name: String, as type: M.Type) throws(NameError) -> ProcessRef<M>? {
    guard let entry = it.names.find(name) else { return nil }
    // Order: types are only compared for being the same.
    guard entry.type.id == ObjectIdentifier(ProcessRef<M>.self) else {
      throw .wrongType(name, takes: entry.type.description, asked: MessageType(M.self).description)
    }
    return ProcessRef(record: entry.record, id: entry.id)
  }

  fileprivate func unregister(_ name: String) { it.names.remove(name) }
}
