// SPDX-License-Identifier: Apache-2.0
//
// A noncopyable value is consumed when it is sent.
// error: 'file' consumed more than once

import Joist

struct File: ~Copyable { let number: Int32 }

func send(_ ref: ProcessRef<File>) {
  let file = File(number: 1)
  ref.send(file)
  ref.send(file)
}
