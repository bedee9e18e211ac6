// SPDX-License-Identifier: Apache-2.0
//
// Handling an exit signal: the process begins to exit, or makes a message of the signal if it traps exits.

extension Handle<ProcessRecord> {
  /// Handles an exit signal, after which every runtime call throws.
  ///
  /// If the process traps the signal, it returns the message to put into the mailbox instead. The rules are Erlang's: a
  /// kill cannot be trapped, `normal` is no reason to end unless a process tells it to itself, and the first reason
  /// stays.
  func takeExit(_ node: Handle<MessageNode>) -> Handle<MessageNode>? {
    let (kind, sender, sent) = (node.it.kind, node.it.sender, node.it.sent)
    if kind == .linkExit && !takesLinkOut(node) {
      node.discard()
      return nil
    }
    let payload = node.open(as: ExitPayload.self)
    let reason = payload.reason
    if kind == .exit, case .killed = reason {
      it.signals.raise(.kill)
      beginExit(reason)
    } else if it.flags.contains(.exiting) {
      return nil
    } else if hasExtras, let make = extras().it.exitTrap {
      let process = sender == 0 ? nil : ProcessID(bits: sender)
      let signal = ExitSignal(process: process, reason: reason, origin: payload.origin)
      let notice = notice(of: make(signal), from: sender, kind == .exit ? sent : 0)
      if isParent(sender) { markParentExit(notice, reason) }
      return notice
    } else if case .normal = reason {
      if kind == .exit ? sender == it.identity.bits : isParent(sender) { beginExit(reason) }  // PE2
    } else {
      if let origin = payload.origin, !hasExitReason { extras().it.exitOrigin = origin }
      beginExit(reason)
    }
    return nil
  }
}
