// SPDX-License-Identifier: Apache-2.0
//
// The fence: the only files in which the word `unsafe` may stand. To add one, add its line, in order of path, and say
// in one comment what it does that Swift cannot check. A file that no longer needs its line must lose it.

enum UnsafeFence {
  static let files: Set<String> = [
    "Examples/CrashyServer/Socket.swift",  // system calls
    "Sources/Joist/Descriptors/DescriptorPoller.swift",  // system calls
    "Sources/Joist/Faults/Contain.swift",  // goes on after a fault
    "Sources/Joist/Heap/HeapAccess.swift",  // finds whose thread this is
    "Sources/Joist/Heap/HeapChunks.swift",  // blocks become lists
    "Sources/Joist/Heap/HeapElementAccess.swift",  // elements of an array
    "Sources/Joist/Heap/HeapLayout.swift",  // metatypes as addresses
    "Sources/Joist/Heap/HeapPool.swift",  // memory for heaps
    "Sources/Joist/Heap/HeapRef.swift",  // numbers as patterns of pointers
    "Sources/Joist/Heap/HeapTraceable.swift",  // the address of a state
    "Sources/Joist/Heap/PrivateHeap.swift",  // memory becomes a heap
    "Sources/Joist/Heap/ProcessHeap+Arrays.swift",  // lends elements
    "Sources/Joist/Life/Exit.swift",  // first and last frame of a process
    "Sources/Joist/Life/Run.swift",  // the switch
    "Sources/Joist/Mailbox/MessageNode.swift",  // payloads behind headers
    "Sources/Joist/Mailbox/NodePool.swift",  // blocks become nodes
    "Sources/Joist/Mailbox/NodeReserve.swift",  // memory becomes nodes
    "Sources/Joist/Mailbox/Send.swift",  // moves a message into a node
    "Sources/Joist/Memory/BlockDepots.swift",  // chains of free blocks
    "Sources/Joist/Memory/BlockPool.swift",  // chains of free blocks
    "Sources/Joist/Memory/Handle.swift",  // references without a count
    "Sources/Joist/Memory/Slab.swift",  // blocks cut into pieces
    "Sources/Joist/Platform/HostPlatform+Linux.swift",  // system calls
    "Sources/Joist/Platform/HostPlatform.swift",  // system calls
    "Sources/Joist/Platform/HostThread.swift",  // threads
    "Sources/Joist/Platform/MachineMemory.swift",  // reads small files
    "Sources/Joist/Platform/Platform.swift",  // grows memory by copying it
    "Sources/Joist/Platform/Steering.swift",  // finds what steers a thread
    "Sources/Joist/Platform/WaitWord.swift",  // the address of a word
    "Sources/Joist/Primitives/Ring.swift",  // a ring of values
    "Sources/Joist/Process/Body.swift",  // closures stored as words
    "Sources/Joist/Process/ProcessContext+Selecting.swift",  // optionals that cannot be nil
    "Sources/Joist/Process/ProcessRecord.swift",  // raw words of a record
    "Sources/Joist/Process/ProcessTable.swift",  // records in reserved memory
    "Sources/Joist/Process/TableTrim.swift",  // gives memory of records back
    "Sources/Joist/Runtime/ProcessRuntime+Testing.swift",  // two records, compared
    "Sources/Joist/Runtime/RuntimeCore.swift",  // an array of schedulers
    "Sources/Joist/Runtime/RuntimeVault.swift",  // cores made anew in place
    "Sources/Joist/Scheduling/BlockingStack.swift",  // stacks of threads
    "Sources/Joist/Scheduling/Scheduler.swift",  // the thread's scheduler
    "Sources/Joist/Stacks/DedicatedStack.swift",  // mappings
    "Sources/Joist/Stacks/ImagePool.swift",  // memory for frames
    "Sources/Joist/Stacks/Mount.swift",  // copies frames
    "Sources/Joist/Stacks/Slot.swift",  // lays first frames
    "Sources/Joist/Stacks/SlotTable.swift",  // slots in reserved memory
    "Sources/Joist/Time/TimerPool.swift",  // memory becomes timers
    "Sources/JoistCLI/Bench/BareSwitch.swift",  // two stacks by hand
    "Sources/JoistCLI/Validate/RegisterChecks.swift",  // a call through C
    "Sources/JoistSimulation/SimulatedPlatform.swift",  // passes memory calls on
    "Sources/JoistSimulation/Threads/Stage.swift",  // finds a thread's words
    "Sources/JoistSimulation/Threads/VirtualStack.swift",  // stacks
    "Sources/JoistSimulation/Threads/VirtualThread.swift",  // contexts of threads
    "Sources/JoistSimulation/Threads/VirtualThreads.swift",  // the switch between simulated threads
    "Tests/ExampleTests/Client.swift",  // connects a socket
    "Tests/JoistTests/Switch/HandMade.swift",  // contexts made by hand
    "Tests/TestSupport/HandDriven.swift",  // passes memory calls on
    "Tests/TestSupport/ScarcePlatform.swift",  // passes memory calls on
  ]

  /// How far above an unsafe line its `Sound:` comment may stand.
  static let reach = 25
}
