// SPDX-License-Identifier: Apache-2.0
//
// The fence: the only files in which the word `unsafe` may stand. To add one, add its line, in order of path, and say
// in one comment what it does that Swift cannot check. A file that no longer needs its line must lose it.

enum UnsafeFence {
  static let files: Set<String> = [
    "Examples/CrashyServer/Socket.swift",  // system calls
    "Sources/Joist/Services/Descriptors/DescriptorPoller.swift",  // system calls
    "Sources/Joist/Machine/Crashes/Containment.swift",  // goes on after a fault
    "Sources/Joist/Services/Heap/HeapAccess.swift",  // finds whose thread this is
    "Sources/Joist/Services/Heap/HeapChunks.swift",  // blocks become lists
    "Sources/Joist/Services/Heap/HeapElementAccess.swift",  // elements of an array
    "Sources/Joist/Services/Heap/HeapLayout.swift",  // metatypes as addresses
    "Sources/Joist/Services/Heap/HeapPool.swift",  // memory for heaps
    "Sources/Joist/Services/Heap/HeapRef.swift",  // numbers as patterns of pointers
    "Sources/Joist/Services/Heap/HeapTraceable.swift",  // the address of a state
    "Sources/Joist/Services/Heap/PrivateHeap.swift",  // memory becomes a heap
    "Sources/Joist/Services/Heap/ProcessHeap+Arrays.swift",  // lends elements
    "Sources/Joist/Machine/Life/Exit.swift",  // first and last frame of a process
    "Sources/Joist/Machine/Life/Run.swift",  // the switch
    "Sources/Joist/Machine/Mailbox/MessageNode.swift",  // payloads behind headers
    "Sources/Joist/Machine/Mailbox/NodePool.swift",  // blocks become nodes
    "Sources/Joist/Machine/Mailbox/NodeReserve.swift",  // memory becomes nodes
    "Sources/Joist/Machine/Mailbox/Send.swift",  // moves a message into a node
    "Sources/Joist/Ground/Memory/BlockDepots.swift",  // chains of free blocks
    "Sources/Joist/Ground/Memory/BlockPool.swift",  // chains of free blocks
    "Sources/Joist/Ground/Memory/Handle.swift",  // references without a count
    "Sources/Joist/Ground/Memory/Slab.swift",  // blocks cut into pieces
    "Sources/Joist/Ground/Platform/HostPlatform+Linux.swift",  // system calls
    "Sources/Joist/Ground/Platform/HostPlatform.swift",  // system calls
    "Sources/Joist/Ground/Platform/HostThread.swift",  // threads
    "Sources/Joist/Ground/Platform/MachineMemory.swift",  // reads small files
    "Sources/Joist/Ground/Platform/Platform.swift",  // grows memory by copying it
    "Sources/Joist/Ground/Platform/SchedulePoint.swift",  // finds the control of a simulated thread
    "Sources/Joist/Ground/Platform/WaitWord.swift",  // the address of a word
    "Sources/Joist/Services/Primitives/Ring.swift",  // a ring of values
    "Sources/Joist/Machine/Process/Body.swift",  // closures stored as words
    "Sources/Joist/Machine/Mailbox/ProcessContext+Selecting.swift",  // optionals that cannot be nil
    "Sources/Joist/Machine/Process/ProcessRecord.swift",  // raw words of a record
    "Sources/Joist/Machine/Process/ProcessTable.swift",  // records in reserved memory
    "Sources/Joist/Machine/Process/TableTrim.swift",  // gives memory of records back
    "Sources/Joist/Testing/ProcessRuntime+Testing.swift",  // two records, compared
    "Sources/Joist/Machine/Runtime/RuntimeCore.swift",  // an array of schedulers
    "Sources/Joist/Machine/Runtime/RuntimePool.swift",  // cores made anew in place
    "Sources/Joist/Machine/Scheduling/BlockingStack.swift",  // stacks of threads
    "Sources/Joist/Machine/Scheduling/Scheduler.swift",  // the thread's scheduler
    "Sources/Joist/Machine/Stacks/DedicatedStack.swift",  // mappings
    "Sources/Joist/Machine/Stacks/SavedFramesPool.swift",  // memory for frames
    "Sources/Joist/Machine/Stacks/RestoreFrames.swift",  // copies frames
    "Sources/Joist/Machine/Stacks/StackSlot.swift",  // lays first frames
    "Sources/Joist/Machine/Stacks/StackSlotTable.swift",  // slots in reserved memory
    "Sources/Joist/Machine/Time/TimerPool.swift",  // memory becomes timers
    "Sources/JoistCLI/Bench/BareSwitch.swift",  // two stacks by hand
    "Sources/JoistCLI/Validate/RegisterChecks.swift",  // a call through C
    "Sources/JoistSimulation/SimulatedPlatform.swift",  // passes memory calls on
    "Sources/JoistSimulation/Threads/CarrierThread.swift",  // finds a thread's words
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
