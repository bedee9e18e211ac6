// SPDX-License-Identifier: Apache-2.0
//
// What is sent belongs to the receiver, even if it is only a part of the message.
// error: sending 'mail' risks causing data races

import Joist

final class Doc { var number = 0 }

enum Mail {
  case doc(Doc, Int)
  case stop
}

func send(_ ref: ProcessRef<Mail>) {
  let doc = Doc()
  let mail = Mail.doc(doc, 1)
  ref.send(mail)
  print(doc.number)
}
