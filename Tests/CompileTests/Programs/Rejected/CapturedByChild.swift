// SPDX-License-Identifier: Apache-2.0
//
// A child's body runs again at each restart, so it captures only `Sendable` values.
// error: capture of 'doc' with non-Sendable type 'Doc' in a '@Sendable' closure

import Joist
import JoistSupervision

final class Doc { var number = 0 }

func describe() -> Child {
  let doc = Doc()
  return Child("counter", Never.self) { _ in doc.number += 1 }
}
