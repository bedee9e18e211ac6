// SPDX-License-Identifier: Apache-2.0
//
// The fence: the only files that may contain the word `unsafe`. To add a file, add its line, and say in a comment what
// the file does that Swift cannot check. The line of a file that no longer needs it must go.

enum UnsafeFence {
  static let files: Set<String> = [
    "Examples/CrashyServer/Socket.swift",  // system calls
    "Sources/JoistCLI/Inspect/Top/Terminal.swift",  // the mode, size and bytes of a terminal
    "Sources/JoistObservation/Control/SystemCalls.swift",  // system calls, threads
    "Sources/JoistObservation/Control/UnixSocket.swift",  // sockets
    "Sources/JoistObservation/Dump/QuitDump.swift",  // a signal's handler and its pipe
    "Sources/JoistObservation/Formats/Files/OutputDescriptor.swift",  // system calls
    "Sources/Joist/Services/Descriptors/DescriptorPoller.swift",  // system calls
    "Sources/Joist/Machine/Crashes/Containment.swift",  // continues after a crash
    "Sources/Joist/Services/Heap/HeapAccess.swift",  // finds the process of a thread
    "Sources/Joist/Services/Heap/HeapChunks.swift",  // links free blocks
    "Sources/Joist/Services/Heap/HeapElementAccess.swift",  // elements of an array
    "Sources/Joist/Services/Heap/HeapLayout.swift",  // metatypes as addresses
    "Sources/Joist/Services/Heap/HeapBlock.swift",  // memory for heaps
    "Sources/Joist/Services/Heap/HeapRef.swift",  // packs a number into the bits of a pointer
    "Sources/Joist/Services/Heap/HeapTraceable.swift",  // the address of a state
    "Sources/Joist/Services/Heap/PrivateHeap.swift",  // initializes a heap in raw memory
    "Sources/Joist/Services/Heap/ProcessHeap+Arrays.swift",  // lends the elements of an array
    "Sources/Joist/Machine/Recording/FlightRecorder.swift",  // writes a file
    "Sources/Joist/Machine/Recording/Marks.swift",  // names by their addresses
    "Sources/Joist/Machine/Recording/RecorderStore.swift",  // memory for rings
    "Sources/Joist/Machine/Recording/RecordingFormat.swift",  // writes a file
    "Sources/Joist/Machine/Stacks/Backtrace.swift",  // walks stacks
    "Sources/Joist/Services/Observation/Sampler.swift",  // memory for a signal handler
    "Tests/JoistTests/Observation/CostTests.swift",  // the bare switch
    "Sources/Joist/Machine/Life/Exit.swift",  // first and last frame of a process
    "Sources/Joist/Machine/Life/Run.swift",  // the switch
    "Sources/Joist/Machine/Life/Start.swift",  // the first frame of a process
    "Sources/Joist/Machine/Mailbox/MessageNode.swift",  // payloads behind headers
    "Sources/Joist/Machine/Mailbox/NodePool.swift",  // initializes nodes in blocks
    "Sources/Joist/Machine/Mailbox/NodeReserve.swift",  // initializes nodes in raw memory
    "Sources/Joist/Machine/Mailbox/Send.swift",  // moves a message into a node
    "Sources/Joist/Ground/Memory/BlockDepots.swift",  // chains of free blocks
    "Sources/Joist/Ground/Memory/BlockPool.swift",  // chains of free blocks
    "Sources/Joist/Ground/Memory/Handle.swift",  // references without a count
    "Sources/Joist/Ground/Memory/Slab.swift",  // blocks cut into pieces
    "Sources/Joist/Ground/Platform/HostPlatform+Linux.swift",  // system calls
    "Sources/Joist/Ground/Platform/HostPlatform.swift",  // system calls
    "Sources/Joist/Ground/Platform/HostThread.swift",  // threads
    "Sources/Joist/Ground/Platform/MachineMemory.swift",  // reads small files
    "Sources/Joist/Ground/Platform/Platform.swift",  // reallocates memory by copying it
    "Sources/Joist/Ground/Platform/SchedulePoint.swift",  // finds the control of a simulated thread
    "Sources/Joist/Ground/Platform/WaitWord.swift",  // the address of a word
    "Sources/Joist/Services/Primitives/Ring.swift",  // a ring of values
    "Sources/Joist/Machine/Process/Body.swift",  // closures stored as words
    "Sources/Joist/Machine/Mailbox/ProcessContext+Selecting.swift",  // optionals that cannot be nil
    "Sources/Joist/Machine/Process/CoreLayout.swift",  // notes for debuggers
    "Sources/Joist/Machine/Process/ProcessRecord.swift",  // raw words of a record
    "Sources/Joist/Machine/Process/ProcessTable.swift",  // records in reserved memory
    "Sources/Joist/Machine/Process/TableTrim.swift",  // returns the memory of records to the system
    "Sources/Joist/Testing/ProcessRuntime+Testing.swift",  // compares two records
    "Sources/Joist/Machine/Runtime/RuntimeCore.swift",  // an array of schedulers
    "Sources/Joist/Machine/Runtime/RuntimePool.swift",  // reinitializes cores in place
    "Sources/Joist/Machine/Scheduling/BlockingStack.swift",  // stacks of threads
    "Sources/Joist/Machine/Scheduling/Scheduler.swift",  // the thread's scheduler
    "Sources/Joist/Machine/Stacks/DedicatedStack.swift",  // mappings
    "Sources/Joist/Machine/Stacks/SavedFramesPool.swift",  // memory for frames
    "Sources/Joist/Machine/Stacks/RestoreFrames.swift",  // copies frames
    "Sources/Joist/Machine/Stacks/StackSlot.swift",  // lays the first frame of a process
    "Sources/Joist/Machine/Stacks/StackSlotTable.swift",  // slots in reserved memory
    "Sources/Joist/Machine/Time/TimerPool.swift",  // initializes timers in raw memory
    "Sources/Joist/Machine/Crashes/TaskCrash.swift",  // the executor of a fault
    "Sources/JoistConcurrency/Executor/TaskRunner.swift",  // jobs by their addresses
    "Sources/JoistConcurrency/Executor/TaskTakeover.swift",  // jobs by their addresses
    "Sources/JoistConcurrency/Guard/ProcessRuntime+Contain.swift",  // a result that a guard orders
    "Sources/JoistConcurrency/Guard/TaskGuard.swift",  // a continuation that is not checked
    "Sources/JoistConcurrency/Guard/TaskRunner+Crashes.swift",  // an actor by its address
    "Sources/JoistHummingbird/Connections/HTTPServerBuilder+Contained.swift",  // what Hummingbird shows to nobody
    "Sources/JoistSupervision/Tables/OwnedTable.swift",  // a value whose type the table knows
    "Sources/JoistCLI/Bench/BareSwitch.swift",  // two stacks by hand
    "Sources/JoistCLI/Validate/RegisterChecks.swift",  // a call through C
    "Sources/JoistSimulation/SimulatedPlatform.swift",  // passes memory calls on
    "Sources/JoistSimulation/Threads/CarrierThread.swift",  // finds the words of a thread
    "Sources/JoistSimulation/Threads/VirtualStack.swift",  // stacks
    "Sources/JoistSimulation/Threads/VirtualThread.swift",  // contexts of threads
    "Sources/JoistSimulation/Threads/VirtualThreads.swift",  // the switch between simulated threads
    "Tests/ExampleTests/Client.swift",  // connects a socket
    "Tests/JoistTests/Switch/HandMade.swift",  // contexts made by hand
    "Tests/TestSupport/AllSignals.swift",  // passes sets of signals
    "Tests/TestSupport/HandDriven.swift",  // passes memory calls on
    "Tests/TestSupport/ScarcePlatform.swift",  // passes memory calls on
  ]

  /// The number of lines that the `Sound:` comment of an unsafe line may be above it.
  static let reach = 25
}
