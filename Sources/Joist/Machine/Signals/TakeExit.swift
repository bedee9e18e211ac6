// SPDX-License-Identifier: Apache-2.0
//
// A process takes an exit signal in: it begins to exit, or makes a message of the signal if it traps exits.

extension Handle<ProcessRecord> {
  /// Takes an exit signal in: from now on every runtime call throws.
  ///
  /// Unless it is trapped: then the message to put into the mailbox is returned. By Erlang's rules: a kill cannot be
  /// trapped, `normal` is no reason to end unless a process tells it to itself, and the first reason stays.
  func takeExit(_ node: Handle<MessageNode>) -> Handle<MessageNode>? {
    let (kind, sender, sent) = (node.it.kind, node.it.sender, node.it.sent)
    if kind == .linkExit && !takesLinkOut(node) {
      node.discard()
      return nil
    }
    let news = node.open(as: ExitNews.self)
    let reason = news.reason
    if kind == .exit, case .killed = reason {
      it.signals.raise(.kill)
      beginExit(reason)
    } else if it.flags.contains(.exiting) {
      return nil
    } else if hasExtras, let make = extras().it.exitTrap {
      let process = sender == 0 ? nil : ProcessID(bits: sender)
      let signal = ExitSignal(process: process, reason: reason, origin: news.origin)
      let notice = notice(of: make(signal), from: sender, kind == .exit ? sent : 0)
      if isParent(sender) { markParentExit(notice, reason) }
      return notice
    } else if case .normal = reason {
      if kind == .exit ? sender == it.identity.bits : isParent(sender) { beginExit(reason) }  // PE2
    } else {
      if let origin = news.origin, !hasExitReason { extras().it.exitOrigin = origin }
      beginExit(reason)
    }
    return nil
  }
}
