// SPDX-License-Identifier: Apache-2.0

// What a `Lock` is beneath its type.

/// One lock.
final class LockCore {}
extension Handle<ProcessRecord> { func abandonLocks() {} }
