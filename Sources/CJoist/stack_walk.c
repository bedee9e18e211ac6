// SPDX-License-Identifier: Apache-2.0
//
// Walks the frames of a process by frame pointers, which Swift code keeps: of one that is parked, whose frames may lie
// elsewhere than where they run, or of the calling one.
#define _GNU_SOURCE
#include "CJoist.h"
#include "fault.h"
#include "switch.h"

struct walk {
  const char *saved;       // where the frames lie
  uintptr_t bottom, top;   // where they run
  uintptr_t *frames;
  int32_t count, limit;
};

static uintptr_t read_word(const struct walk *walk, uintptr_t address) {
  return *(const uintptr_t *)(walk->saved + (address - walk->bottom));
}

static void add(struct walk *walk, uintptr_t address) {
  if (address != 0 && walk->count < walk->limit) walk->frames[walk->count++] = address;
}

static void follow(struct walk *walk, uintptr_t fp) {
  while (walk->count < walk->limit && joist_is_frame(fp, walk->bottom, walk->top)) {
    uintptr_t back = joist_plain(read_word(walk, fp + sizeof fp)), next = read_word(walk, fp);
    if (back == 0) return;
    add(walk, back);
    if (next <= fp) return;
    fp = next;
  }
}

int32_t joist_stack_walk(const void *saved, uintptr_t context, uintptr_t top, uintptr_t *frames, int32_t limit) {
  struct walk walk = {saved, context, top, frames, 0, limit};
  add(&walk, joist_plain(read_word(&walk, context + JOIST_CONTEXT_PC_AT)));
  follow(&walk, read_word(&walk, context + JOIST_CONTEXT_FP_AT));
  return walk.count;
}

int32_t joist_stack_walk_here(uintptr_t low, uintptr_t top, uintptr_t *frames, int32_t limit) {
  struct walk walk = {(const char *)low, low, top, frames, 0, limit};
  follow(&walk, (uintptr_t)__builtin_frame_address(0));
  return walk.count;
}
