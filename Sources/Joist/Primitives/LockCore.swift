// SPDX-License-Identifier: Apache-2.0

/// placeholder
final class LockCore { }
extension Handle<ProcessRecord> { func abandonLocks() {} }
