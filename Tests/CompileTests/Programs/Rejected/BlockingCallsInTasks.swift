// SPDX-License-Identifier: Apache-2.0
//
// Asynchronous code cannot call a function that holds its thread until another process acts.
// error: 'acquire' is unavailable from asynchronous contexts; it holds the thread
// error: 'acquire' is unavailable from asynchronous contexts; it holds the thread
// error: 'withPermit' is unavailable from asynchronous contexts; it holds the thread
// error: 'withLock' is unavailable from asynchronous contexts; it holds the thread
// error: 'exchange' is unavailable from asynchronous contexts; it holds the thread
// error: 'run' is unavailable from asynchronous contexts; it holds the thread
// error: 'wait' is unavailable from asynchronous contexts; it holds the thread
// error: 'send' is unavailable from asynchronous contexts; it holds the thread
// error: 'send' is unavailable from asynchronous contexts; it holds the thread
// error: 'receive' is unavailable from asynchronous contexts; it holds the thread
// error: 'receive' is unavailable from asynchronous contexts; it holds the thread
// error: 'joinBlocking' is unavailable from asynchronous contexts; use `await ref.join`

import Joist

func primitives(_ semaphore: ProcessSemaphore, _ lock: ProcessLock<Int>, _ once: Once, _ barrier: ProcessBarrier)
  async throws
{
  try semaphore.acquire()
  _ = try semaphore.acquire(timeout: .seconds(1))
  try semaphore.withPermit {}
  lock.withLock { $0 += 1 }
  _ = lock.exchange(2)
  once.run {}
  try barrier.wait()
}

func channels(_ channel: ProcessChannel<Int>) async throws {
  try channel.send(1)
  _ = try channel.send(2, timeout: .seconds(1))
  _ = try channel.receive()
  _ = try channel.receive(timeout: .seconds(1))
}

func ends(_ ref: ProcessRef<Int>) async {
  _ = ref.joinBlocking()
}
