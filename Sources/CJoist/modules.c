// SPDX-License-Identifier: Apache-2.0
//
// What is loaded, and what an address belongs to. Rules:
// W29. The program is the executable, the module with Joist in it, and every module with Swift code, but those that
//      come with Swift. Every other module is a library. A module has Swift code if it needs Swift's runtime or names
//      one of its functions, which its dynamic section tells.
// W30. A handler looks in a table that was filled before. A module that was loaded since is asked the loader for, which
//      answers without a lock where it can (glibc 2.35); elsewhere it is taken for the program until the next look.
#define _GNU_SOURCE
#include "fault.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>
#if defined(__ELF__)
#include <link.h>
#endif

enum { ranges_most = 256 };

struct range {
  uintptr_t low, high;
  enum joist_place place;
};

struct ranges {
  int count;
  struct range loader;
  struct range all[ranges_most];
};

// The one that handlers look at, and the one that is filled meanwhile.
static struct ranges tables[2];
static struct ranges *ranges = &tables[0];

#if defined(__ELF__)

// What `_dl_find_object` fills (glibc's `struct dl_find_object`), with room for what later versions add.
struct found {
  unsigned long long flags;
  void *start, *end;
  struct link_map *map;
  void *more[16];
};

typedef int find(void *address, struct found *found);

static find *find_object;

static bool is_in(const char *name, const char *const *beginnings, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) return true;
  return false;
}

// (W29)
static bool has_swift_code(const ElfW(Dyn) *section, uintptr_t base) {
  uintptr_t strings = 0;
  size_t bytes = 0;
  if (section == NULL) return false;
  for (const ElfW(Dyn) *entry = section; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_STRTAB) strings = entry->d_un.d_ptr;
    if (entry->d_tag == DT_STRSZ) bytes = entry->d_un.d_val;
  }
  if (strings == 0) return false;
  if (strings < base) strings += base;  // not all loaders relocate the section
  static const char runtime[] = "libswiftCore", function[] = "\0swift_retain";
  for (const ElfW(Dyn) *entry = section; entry->d_tag != DT_NULL; entry++)
    if (entry->d_tag == DT_NEEDED && entry->d_un.d_val < bytes &&
        strncmp((const char *)strings + entry->d_un.d_val, runtime, sizeof runtime - 1) == 0)
      return true;
  return memmem((const char *)strings, bytes, function, sizeof function) != NULL;
}

static enum joist_place place_of_module(const char *path, const ElfW(Dyn) *section, uintptr_t base) {
  static const char *const system[] = {"libc.", "libc-", "ld-", "libpthread", "ld64", "[vdso", "linux-vdso",
                                       "libstdc++", "libc++"};
  static const char *const swift[] = {"libswift", "lib_Internal", "libTesting"};
  static const char *const library[] = {"libdispatch", "libBlocks", "libFoundation", "lib_Foundation"};
  if (*path == 0) return joist_place_program;  // the executable
  const char *name = strrchr(path, '/');
  name = name != NULL ? name + 1 : path;
#define IS_IN(list) is_in(name, list, sizeof list / sizeof *list)
  if (IS_IN(system)) return joist_place_system;
  if (IS_IN(swift)) return joist_place_swift;
  if (IS_IN(library)) return joist_place_library;
#undef IS_IN
  return has_swift_code(section, base) ? joist_place_program : joist_place_library;
}

static bool is_loader(const char *path) {
  static const char *const loaders[] = {"ld-linux", "ld64", "ld.so", "ld-2"};
  const char *name = strrchr(path, '/');
  return is_in(name != NULL ? name + 1 : path, loaders, sizeof loaders / sizeof *loaders);
}

static int note_module(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct ranges *new = context;
  const ElfW(Dyn) *section = NULL;
  bool has_joist = false;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + header->p_vaddr;
    if (header->p_type == PT_DYNAMIC) section = (const ElfW(Dyn) *)start;
    has_joist |= header->p_type == PT_LOAD && (uintptr_t)&ranges - start < header->p_memsz;
  }
  enum joist_place place =
    has_joist ? joist_place_program : place_of_module(info->dlpi_name, section, info->dlpi_addr);
  for (int i = 0; i < info->dlpi_phnum && new->count < ranges_most; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type != PT_LOAD || (header->p_flags & PF_X) == 0) continue;
    uintptr_t low = info->dlpi_addr + header->p_vaddr;
    struct range range = {low, low + header->p_memsz, place};
    new->all[new->count++] = range;
    if (is_loader(info->dlpi_name)) new->loader = range;
  }
  return 0;
}

struct changes {
  unsigned long long added, removed;
};

// Every module tells the same, so the first is enough.
static int note_changes(struct dl_phdr_info *info, size_t size, void *context) {
  struct changes *changes = context;
  if (size < offsetof(struct dl_phdr_info, dlpi_subs) + sizeof info->dlpi_subs) return 1;
  changes->added = info->dlpi_adds;
  changes->removed = info->dlpi_subs;
  return 1;
}

// Releasing publishes the table to handlers, which acquire it. One that is still in the older table when the next but
// one is filled reads that half filled: modules would have to be loaded and looked at twice meanwhile.
void joist_modules_note(void) {
  static struct changes last;
  struct changes now = {0};
  if (find_object == NULL) find_object = (find *)dlsym(RTLD_DEFAULT, "_dl_find_object");
  dl_iterate_phdr(note_changes, &now);
  if (ranges->count != 0 && now.added != 0 && now.added == last.added && now.removed == last.removed) return;
  struct ranges *new = ranges == &tables[0] ? &tables[1] : &tables[0];
  *new = (struct ranges){0};
  dl_iterate_phdr(note_module, new);
  last = now;
  __atomic_store_n(&ranges, new, __ATOMIC_RELEASE);
}

// (W30)
static enum joist_place place_of_unknown(uintptr_t address) {
  struct found found = {0};
  if (find_object == NULL || find_object((void *)address, &found) != 0) return joist_place_program;
  return place_of_module(found.map->l_name, found.map->l_ld, found.map->l_addr);
}

#else
void joist_modules_note(void) {}
static enum joist_place place_of_unknown(uintptr_t address) { return (void)address, joist_place_program; }
#endif

static bool is_inside(uintptr_t address, const struct range *range) {
  return address - range->low < range->high - range->low;
}

enum joist_place joist_place_of(uintptr_t address) {
  const struct ranges *now = __atomic_load_n(&ranges, __ATOMIC_ACQUIRE);
  for (int i = 0; i < now->count; i++)
    if (is_inside(address, &now->all[i])) return now->all[i].place;
  return place_of_unknown(address);
}

bool joist_is_in_loader(uintptr_t address) {
  return is_inside(address, &__atomic_load_n(&ranges, __ATOMIC_ACQUIRE)->loader);
}
