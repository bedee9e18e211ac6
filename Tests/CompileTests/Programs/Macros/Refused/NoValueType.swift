// SPDX-License-Identifier: Apache-2.0
//
// The macro cannot write a trace for classes and actors: an object can be reached twice, and only an actor accesses its
// properties.
// error: '@HeapTraceable' applies only to structs and enums
// error: '@HeapTraceable' applies only to structs and enums

import Joist
import JoistMacros

@HeapTraceable
final class Shelf { var ref: HeapRef<Int>? }

@HeapTraceable
actor Keeper {}
