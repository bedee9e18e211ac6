// SPDX-License-Identifier: Apache-2.0
//
// An object may be reached twice, and an actor's properties are its own: both conform by hand, if at all.
// error: '@HeapTraceable' is for structs and enums
// error: '@HeapTraceable' is for structs and enums

import Joist
import JoistMacros

@HeapTraceable
final class Shelf { var ref: HeapRef<Int>? }

@HeapTraceable
actor Keeper {}
