// SPDX-License-Identifier: Apache-2.0
//
// The address of a process can go anywhere: into messages, sets, tasks, actors and globals.

import Joist

enum Mail { case subscribe(ProcessRef<String>) }

actor Directory {
  var known: [ProcessID: ProcessRef<String>] = [:]

  func add(_ ref: ProcessRef<String>) { known[ref.id] = ref }
}

func share(_ news: ProcessRef<Mail>, _ reader: ProcessRef<String>, _ directory: Directory) {
  let readers: Set = [reader]
  news.send(.subscribe(reader))
  Task { await directory.add(reader) }
  Task.detached { for reader in readers { reader.send("all") } }
  reader.send("one")
}
