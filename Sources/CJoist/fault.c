// SPDX-License-Identifier: Apache-2.0
//
// Contains faults: a signal handler decides whether the code on this thread crashed by its own doing, and if so makes
// the thread continue elsewhere on the same stack.
//
// A fault is contained if it is one that Swift code causes: its trap instruction, an integer fault, an abort by Swift's
// runtime (or an attempt at one, W46), or an access to the guard of the very stack that runs. The stack pointer must be
// on that stack. Every other fault goes to the previous handler, because memory can no longer be trusted.
//
// The handler returns instead of jumping out. The thread then continues in the site's entry, at the top of the stack,
// whose frames are abandoned. It does so with the control words and flags that it began with, not those of the crashed
// code. The handler allocates nothing, takes no lock, and runs on a stack of its own. Rules:
// W20. A stack that overflows inside a library is not abandoned there, because the library may hold a lock of its own.
//      The library gets a part of the stack's guard, and its outermost function returns to `joist_fault_landing`
//      instead of the program.
// W22. A crash under a lock that would never be released is not contained, unless the site says so.
// W23. The entry releases the locks of `stdout` and `stderr`: `print` of a value whose description crashes holds one.
// W34. The child of a fork has only the thread that forked, and none of the runtime's other threads. No fault is
//      contained in it.
#define _GNU_SOURCE
#include "fault_text.h"
#include "find.h"
#include "sanitizer.h"

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#pragma mark - State

static const int signals[] = {SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV};
enum { signal_count = sizeof signals / sizeof *signals };

static struct sigaction previous[signal_count];
static bool has_given_up;

#if defined(__ELF__)
__attribute__((tls_model("initial-exec")))
#endif
static _Thread_local struct joist_site *current;

struct joist_site *joist_site_of_thread(void) { return current; }

// Where the C library keeps the message of its last abort, null where it has no such variable; and the message that
// has been seen there.
static char **system_message;
static char *last_system_message;

struct stack {
  uintptr_t low, top;
};

// Stores the bounds of the stack that runs; false if none does.
static bool running_stack(const struct joist_site *site, struct stack *stack) {
  const uintptr_t *bounds = joist_running_bounds(site);
  if (bounds == NULL) return false;
  *stack = (struct stack){site->fault.reserve_bytes != 0 ? site->fault.low : bounds[0], bounds[1]};
  return true;
}

#pragma mark - The decision

static bool is_trap_instruction(uintptr_t pc) {
#if defined(__x86_64__)
  const uint8_t *code = (const uint8_t *)pc;
  return code[0] == 0x0f && code[1] == 0x0b;  // ud2
#else
  return (*(const uint32_t *)pc & 0xffe0001f) == 0xd4200000;  // brk
#endif
}

static bool is_breakpoint(uintptr_t pc) {
#if defined(__x86_64__)
  return *(const uint8_t *)(pc - 1) == 0xcc;  // int3
#else
  return is_trap_instruction(pc);
#endif
}

// Whether the thread has called `abort` here, and the signal was not sent from elsewhere.
static bool is_abort(const siginfo_t *info, uintptr_t pc) {
#if defined(__linux__)
  if (info->si_code != SI_TKILL || info->si_pid != getpid()) return false;
#endif
  return joist_code_of(pc) == joist_code_system;
}

// Whether the caller of `abort` is Swift's runtime. Where the runtime is linked into the program, there must also be a
// message of it.
static bool is_of_swift(const struct joist_fault *fault) {
  if (system_message != NULL && *system_message != last_system_message) return false;  // from malloc or `assert`
  for (int i = 0; i < fault->frame_count; i++) {
    enum joist_code code = joist_code_of(fault->frames[i]);
    if (code == joist_code_system) continue;
    if (code == joist_code_swift) return true;
    if (code == joist_code_library) return false;
    return joist_text_is_static() && joist_text_is_there();
  }
  return false;
}

// Whether Swift's runtime has printed a message before the fault. It has if the trap is in its own code, and has not if
// the trap is in the program's.
static bool has_text(int signal, uintptr_t pc) {
  if (signal == SIGABRT) return true;
  if (signal != SIGILL && signal != SIGTRAP) return false;
  enum joist_code code = joist_code_of(pc);
  return code == joist_code_swift || (code == joist_code_program && joist_text_is_static());
}

// Whether the fault is an access to the first page, as through a null pointer.
static bool is_to_null(int signal, const siginfo_t *info) {
  return (signal == SIGSEGV || signal == SIGBUS) && info->si_code > 0 && (uintptr_t)info->si_addr < 4096;
}

// Whether the fault is an access elsewhere; once `is_contained` is true, that is the guard.
static bool is_to_guard(int signal, const siginfo_t *info) {
  return (signal == SIGSEGV || signal == SIGBUS) && !is_to_null(signal, info);
}

// Applies the conditions of the header, and stores what is known of the fault.
static bool is_contained(struct joist_site *site, int signal, const siginfo_t *info, ucontext_t *context,
                         const struct stack *stack) {
  struct joist_fault *fault = &site->fault;
  uintptr_t pc = joist_context_pc(context), sp = joist_context_sp(context);
  uintptr_t address = (uintptr_t)info->si_addr, guard = stack->low - site->guard_bytes;
  uintptr_t low = stack->low - fault->reserve_bytes;
  // The stack pointer may be in the guard: a large frame may be allocated but not touched yet.
  if (sp < guard || sp >= stack->top) return false;
  enum { max_below_sp = 1024 };  // how far below the stack pointer code accesses memory
  fault->signal = signal;
  if (fault->reserve_bytes == 0) fault->is_overflow = false;
  switch (signal) {
    case SIGILL:
    case SIGTRAP:
    case SIGFPE:
      if (info->si_code <= 0 || joist_code_of(pc) == joist_code_system) return false;
      if (signal == SIGILL && !is_trap_instruction(pc)) return false;
      if (signal == SIGTRAP && !is_breakpoint(pc)) return false;
      break;
    case SIGABRT:
      if (!is_abort(info, pc)) return false;
      break;
    default:
      if (is_to_null(signal, info) && (joist_text_is_static() || joist_code_of(pc) != joist_code_program)) break;
      if (info->si_code <= 0 || address < guard || address >= low) return false;
      if (address + max_below_sp < sp) return false;
      fault->is_overflow = true;
  }
  joist_frames_collect(fault, context, low, stack->top);
  fault->holds_lock |= joist_holds_queue(site->words, guard, stack->top);
  if (signal == SIGABRT && !is_of_swift(fault)) return false;
  if (is_to_null(signal, info) && !joist_text_is_missing(fault)) return false;
  // After an overflow there, the stack is abandoned only when making the type has finished (W20).
  fault->holds_lock |= !is_to_guard(signal, info) && joist_makes_type(fault);
  return site->contains_locks || !fault->holds_lock;
}

#pragma mark - Continuing elsewhere

extern const char joist_stack_begin[];

// Changes the context as if the thread had just switched to a laid stack: see `stack_lay.c`.
static void go_to_entry(struct joist_site *site, ucontext_t *context, uintptr_t top) {
  uintptr_t entry = (uintptr_t)site->entry, record = (uintptr_t)*site->running;
#if defined(__linux__) && defined(__x86_64__)
  enum { arithmetic_flags = 0x8d5, trap_flag = 0x100, direction = 0x400, alignment_check = 0x40000 };
  greg_t *registers = context->uc_mcontext.gregs;
  registers[REG_RSP] = (greg_t)(top - JOIST_WORDS_ABOVE * sizeof(uintptr_t));
  registers[REG_RBP] = 0;
  registers[REG_R12] = (greg_t)entry;
  registers[REG_R13] = (greg_t)record;
  registers[REG_RIP] = (greg_t)joist_stack_begin + 1;
  registers[REG_EFL] &= ~(arithmetic_flags | trap_flag | direction | alignment_check);
  if (context->uc_mcontext.fpregs != NULL) {
    context->uc_mcontext.fpregs->mxcsr = (uint32_t)site->control;
    context->uc_mcontext.fpregs->cwd = (uint16_t)(site->control >> 32);
    context->uc_mcontext.fpregs->swd = 0;
    context->uc_mcontext.fpregs->ftw = 0;
  }
#elif defined(__linux__) && defined(__aarch64__)
  mcontext_t *machine = &context->uc_mcontext;
  machine->sp = top - JOIST_WORDS_ABOVE * sizeof(uintptr_t);
  machine->regs[29] = 0;
  machine->regs[19] = entry;
  machine->regs[20] = record;
  machine->pc = (uintptr_t)joist_stack_begin + 4;
  machine->pstate &= ~(uint64_t)0xc00;  // BTYPE: the faulting instruction may have been the target of a branch
  struct fpsimd_context *vector = (struct fpsimd_context *)machine->__reserved;
  if (vector->head.magic == FPSIMD_MAGIC) vector->fpcr = (uint32_t)site->control;
#else
  (void)context, (void)top, (void)entry, (void)record;
#endif
}

// Notes the executor of the task that the frames run, whose record lies in one of them.
static void note_executor(struct joist_site *site) {
  struct joist_executor *record = site->words != NULL ? *(struct joist_executor **)site->words->executor : NULL;
  site->fault.executor = record != NULL ? *record : (struct joist_executor){0};
}

// Contains a fault if it may be. Returns whether the context was changed so that the thread can continue.
static bool contain(struct joist_site *site, int signal, const siginfo_t *info, ucontext_t *context) {
  struct stack stack;
  struct joist_fault *fault = &site->fault;
  if (site->contains_nothing || __atomic_load_n(&has_given_up, __ATOMIC_RELAXED)) return false;
  if (!running_stack(site, &stack) || !is_contained(site, signal, info, context, &stack)) return false;
  bool is_in_program = joist_code_of(joist_context_pc(context)) == joist_code_program;
  if (is_to_guard(signal, info) && !is_in_program) {  // (W20)
    enum joist_overflow overflow = joist_reserve_use(site, context, stack.low, stack.top);
    if (overflow != joist_overflow_ends) return overflow == joist_overflow_finishes;
  }
  fault->has_text = has_text(signal, joist_context_pc(context));
  note_executor(site);
  if (fault->holds_lock) joist_thread_keep();
  go_to_entry(site, context, stack.top);
  return true;
}

// Ends a stack that overflowed inside a library, after the library has finished (W20). Called by `joist_fault_landing`,
// in the frame of the program's function.
_Noreturn void joist_fault_landed(void) {
  struct joist_site *site = current;
  struct stack stack;
  if (!running_stack(site, &stack)) abort();
  note_executor(site);
  if (site->fault.holds_lock) joist_thread_keep();
  joist_stack_restart((void *)stack.top, site->entry, *(void *const *)site->running, site->control);
}

_Noreturn void joist_stack_restart(void *top, void (*entry)(void *), void *argument, uint64_t control) {
  void *left, *context = joist_stack_lay_with(top, entry, argument, control);
  joist_fiber_keep(context);
  joist_switch(&left, context);
  __builtin_unreachable();
}

#pragma mark - The handler

// Calls the previous handler of a signal, or restores the default and lets the signal arrive again.
static void pass_on(int signal, siginfo_t *info, void *context) {
  struct sigaction *action = NULL;
  for (int i = 0; i < signal_count; i++) if (signals[i] == signal) action = &previous[i];
  if (system_message != NULL) last_system_message = *system_message;
  if ((action->sa_flags & SA_SIGINFO) != 0) return action->sa_sigaction(signal, info, context);
  if (action->sa_handler == SIG_IGN && info->si_code <= 0 && signal != SIGABRT) return;
  if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN) return action->sa_handler(signal);
  struct sigaction plain = {.sa_handler = SIG_DFL};
  sigaction(signal, &plain, NULL);
  // The faulting instruction runs again. A signal that was sent must be sent again, and so must a breakpoint's, since
  // the program counter is already behind it.
  if (info->si_code <= 0 || signal == SIGTRAP) raise(signal);
}

static void on_fault(int signal, siginfo_t *info, void *context) {
  struct joist_site *site = current;
  int error = errno;
  if (site == NULL || site->is_busy) return pass_on(signal, info, context);
  site->is_busy = true;
  bool goes_on = contain(site, signal, info, context);
  site->is_busy = false;
  if (!goes_on) pass_on(signal, info, context);
  errno = error;
}

#pragma mark - Preparing

static void find_texts(void) {
  joist_text_find();
#if defined(__linux__)
  system_message = dlsym(RTLD_DEFAULT, "__abort_msg");
  if (system_message != NULL) last_system_message = *system_message;
#endif
}

static bool is_child;
static void (*on_child)(void);

// Runs in the child of a fork (W34).
static void begin_child(void) {
  is_child = true;
  joist_faults_give_up();
  if (on_child != NULL) on_child();
}

static void watch_forks(void) { pthread_atfork(NULL, NULL, begin_child); }

void joist_forks_watch(void (*child)(void)) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  // Every caller passes the same function.
  __atomic_store_n(&on_child, child, __ATOMIC_RELAXED);
  pthread_once(&once, watch_forks);
}

bool joist_is_forked_child(void) { return is_child; }

static void take_signals_over(void) {
  find_texts();
  // SA_NODEFER: a previous handler runs as if it had been installed directly, with the signal not blocked.
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < signal_count; i++) sigaction(signals[i], NULL, &previous[i]);
  for (int i = 0; i < signal_count; i++) sigaction(signals[i], &action, NULL);
}

bool joist_faults_had(uintptr_t handler) {
  for (int i = 0; i < signal_count; i++) if ((uintptr_t)previous[i].sa_handler == handler) return true;
  return false;
}

static pthread_mutex_t preparing = PTHREAD_MUTEX_INITIALIZER;

void joist_faults_prepare(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_mutex_lock(&preparing);
  joist_frames_prepare();
  pthread_mutex_unlock(&preparing);
  pthread_once(&once, take_signals_over);
}

void joist_faults_look(void) {
  pthread_mutex_lock(&preparing);
  joist_modules_note();
  pthread_mutex_unlock(&preparing);
}

uint64_t joist_faults_lost(void) {
  uint64_t lost = 0;
  for (int i = 0; i < signal_count; i++) {
    struct sigaction now;
    if (sigaction(signals[i], NULL, &now) == 0 && now.sa_sigaction != on_fault) lost |= UINT64_C(1) << signals[i];
  }
  return lost;
}

// Relaxed, because the fault that the caller expects arises on this thread; other threads may contain faults for a
// moment longer.
void joist_faults_give_up(void) { __atomic_store_n(&has_given_up, true, __ATOMIC_RELAXED); }

// The size of a handler's stack, whose lowest page is a guard.
enum { handler_stack_bytes = 128 << 10 };

static pthread_key_t handler_stack_key;

static void free_handler_stack(void *stack) {
  joist_faults_enter(NULL);  // for a thread that ends without having done so
  stack_t none = {.ss_flags = SS_DISABLE};
  sigaltstack(&none, NULL);
  munmap(stack, handler_stack_bytes);
}

static void make_handler_stack_key(void) { pthread_key_create(&handler_stack_key, free_handler_stack); }

// Gives the thread a stack for signal handlers, if it has none.
static void have_handler_stack(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_handler_stack_key);
  stack_t present;
  if (sigaltstack(NULL, &present) == 0 && (present.ss_flags & SS_DISABLE) == 0) return;
  void *stack = mmap(NULL, handler_stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED) return;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  mprotect(stack, page, PROT_NONE);
  stack_t made = {.ss_sp = (char *)stack + page, .ss_size = handler_stack_bytes - page};
  if (sigaltstack(&made, NULL) == 0) pthread_setspecific(handler_stack_key, stack);
  else munmap(stack, handler_stack_bytes);
}

// The state of the thread that code on it may change and that a crash restores.
static _Thread_local sigset_t own_mask;
static _Thread_local locale_t own_locale;

static void note_thread(void) {
  pthread_sigmask(SIG_SETMASK, NULL, &own_mask);
  own_locale = uselocale((locale_t)0);
}

static void restore_thread(void) {
  pthread_sigmask(SIG_SETMASK, &own_mask, NULL);
  uselocale(own_locale);
}

// A thread that a Dispatch thread started has these signals blocked, and an abort would not be handled then.
static void unblock_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < signal_count; i++) sigaddset(&set, signals[i]);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

__attribute__((noinline)) void joist_faults_enter(struct joist_site *site) {
  static _Thread_local bool is_prepared;
  if (site != NULL) {
    if (!is_prepared) {
      have_handler_stack();
      unblock_signals();
      note_thread();
      is_prepared = true;
    }
    site->control = joist_control_words();
  }
  if (current == site) return;
  if (current != NULL) joist_sites_remove(current);
  current = site;
  if (site != NULL) joist_sites_add(site);
}

__attribute__((noinline)) struct joist_site *joist_faults_site(void) { return current; }

#pragma mark - Afterwards

// Unlocks the standard streams that this thread has locked (W23).
static void release_streams(void) {
#if defined(__GLIBC__)
  // What `FILE._lock` points to. Some versions count all acquisitions, others only those after the first; so the loop
  // looks at `lock`.
  struct stream_lock {
    int lock, count;
    void *owner;
  };
  FILE *const streams[] = {stdout, stderr};
  for (int i = 0; i < 2; i++) {
    const struct stream_lock *lock = (const struct stream_lock *)(const void *)streams[i]->_lock;
    while (lock != NULL && lock->lock != 0 && lock->owner == (void *)pthread_self()) funlockfile(streams[i]);
  }
#endif
}

__attribute__((noinline))
void joist_fault_forget_frames(const struct joist_words *words, struct joist_saved_state *saved) {
  struct joist_site *site = current;
  struct stack stack;
  joist_words_forget(words, saved);
  if (site != NULL) __atomic_store_n(&site->has_crashed, true, __ATOMIC_RELAXED);
  if (site != NULL && running_stack(site, &stack)) joist_leave_queues(words, stack.low - site->guard_bytes, stack.top);
  release_streams();
  restore_thread();
}

__attribute__((noinline)) bool joist_fault_may_leave(struct joist_site *site) {
  struct stack stack;
  struct joist_fault *fault = &site->fault;
  fault->frame_count = 0;
  fault->holds_lock = false;
  if (!running_stack(site, &stack)) return false;
  joist_frames_walk(fault, (uintptr_t)__builtin_frame_address(0), stack.low, stack.top);
  fault->holds_lock |= joist_holds_queue(site->words, stack.low - site->guard_bytes, stack.top);
  if (fault->holds_lock && site->contains_locks) joist_thread_keep();
  return site->contains_locks || !fault->holds_lock;
}

__attribute__((noinline)) bool joist_fault_note_overflow(struct joist_site *site) {
  struct joist_fault *fault = &site->fault;
  fault->signal = 0;
  fault->is_overflow = true;
  fault->has_text = false;
  note_executor(site);
  return joist_fault_may_leave(site) && !site->contains_nothing;
}
