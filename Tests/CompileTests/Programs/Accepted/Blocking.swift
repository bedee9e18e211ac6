// SPDX-License-Identifier: Apache-2.0
//
// `blocking` returns or rethrows the result of its closure: values, fresh graphs, noncopyable values.

import Joist

final class Page { var text = "" }

struct File: ~Copyable { let number: Int }

struct Missing: Error {}

func slow(_ numbers: [Int]) throws(Missing) -> Int { numbers.reduce(0, +) }

func read(_ process: ProcessContext<Int>, _ shelf: ProcessRef<Page>) throws {
  let numbers = [try process.receive()]
  do { print(try process.blocking { () throws(Missing) in try slow(numbers) }) } catch { print(error) }
  let file = process.blocking { File(number: 1) }
  print(file.number)
  let page = Page()
  page.text = "draft"
  shelf.send(
    process.blocking {
      page.text += ", revised"
      return Page()
    }
  )
  process.blocking {}
}
