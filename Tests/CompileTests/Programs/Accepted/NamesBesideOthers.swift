// SPDX-License-Identifier: Apache-2.0
//
// Every public type, named without its module beside the libraries that a server imports: no name clashes with theirs.

import Dispatch
import Foundation
import Joist
import JoistSupervision
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif
#if canImport(NIOCore)
  import NIOCore
#endif

func values(
  _: Alarm,
  _: AlarmThreshold,
  _: AlarmThresholds,
  _: CallError,
  _: ChannelClosed,
  _: ConfigurationError,
  _: DeadLetter,
  _: Deadlock,
  _: DeadlockPolicy,
  _: DescriptorError,
  _: Disconnected<Int>,
  _: Down,
  _: ExitReason,
  _: ExitSignal,
  _: FlightRecorder,
  _: HeapArray<Int>,
  _: HeapElements,
  _: HeapRef<Int>,
  _: HeapStatistics,
  _: MessageInfo,
  _: MonitorID,
  _: NameError,
  _: Once,
  _: Priority,
  _: ProcessBarrier,
  _: ProcessChannel<Int>,
  _: ProcessContext<Int>,
  _: ProcessExit,
  _: ProcessFigureKind,
  _: ProcessGroup<Int>,
  _: ProcessGrowth,
  _: ProcessHeap,
  _: ProcessID,
  _: ProcessLock<Int>,
  _: ProcessMemory,
  _: ProcessName<Int>,
  _: ProcessRef<Int>,
  _: ProcessRuntime,
  _: ProcessSemaphore,
  _: ProcessSnapshot,
  _: ProcessState,
  _: ProcessStatistics,
  _: ProcessStatisticsList,
  _: QueueStatistics,
  _: RankedProcess,
  _: RecorderEvent,
  _: RecordingError,
  _: ReplyTo<Int>,
  _: Report,
  _: ResourceError,
  _: RuntimeHistogram,
  _: RuntimeHistograms,
  _: RuntimeInstant,
  _: RuntimeStatistics,
  _: SchedulerActivity,
  _: SchedulerStatistics,
  _: SendError,
  _: SpawnError,
  _: SpawnOptions,
  _: Stall,
  _: TaskLocalValues,
  _: TimerID,
  _: TraceToken,
  _: Trap,
  _: WaitHint,
  _: WaitReason
) {}

func supervision(
  _: Backoff,
  _: Child,
  _: ChildBuilder,
  _: ChildCount,
  _: ChildInfo,
  _: DynamicSupervisor,
  _: EndReply,
  _: OwnedTable<TableMap<Int, Int>>,
  _: ProcessTask<Int>,
  _: Registry<Int, Int>,
  _: RegistryError,
  _: RegistryKeys,
  _: SortedTableEntries<Int, Int>,
  _: SortedTableMap<Int, Int>,
  _: StartError,
  _: StartIgnored,
  _: StartReply,
  _: Supervisor,
  _: SupervisorError,
  _: SupervisorRef,
  _: TableBag<Int, Int>,
  _: TableError,
  _: TableWriters,
  _: TaskError,
  _: TaskStream<[Int], Int>,
  _: TaskSupervisor,
  _: TooManyRestarts
) {}

func trace<Value: HeapTraceable & BitwiseCopyable>(_: HeapCopy<Value>, _ tracer: inout HeapTracer) {}

func serve<S: Server>(_: S.Type) {}

func step<M: StateMachine>(_: M.Type) {}

func look<C: TableContents>(_: C) {}
