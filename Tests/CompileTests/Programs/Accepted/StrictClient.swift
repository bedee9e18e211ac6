// SPDX-License-Identifier: Apache-2.0
//
// A module with strict memory safety and all upcoming features uses Joist without writing `unsafe`.
// options: -strict-memory-safety -enable-upcoming-feature ExistentialAny
// options: -enable-upcoming-feature MemberImportVisibility -enable-upcoming-feature InternalImportsByDefault
// options: -enable-upcoming-feature NonisolatedNonsendingByDefault

import Joist

final class Page { var text = "" }

func serve(_ runtime: ProcessRuntime, _ other: ProcessRef<Page>) {
  let ref = runtime.spawn(Page.self, options: SpawnOptions(priority: .max)) { process in
    other.send(try process.receive())
    other.send(try process.receive(where: { $0.text.isEmpty }))
    let text: String? = try process.receive(matching: { $0.text }, timeout: .seconds(1))
    let sealed = Disconnected(Page())
    print(text as Any, process.peek { $0.text } as Any, process.blocking { 1 }, sealed.open().text)
    try process.reduce(1)
    process.spawn { _ in }
  }
  ref.send(Page())
  print(ref.snapshot?.state as Any, runtime.statistics.slices)
}
