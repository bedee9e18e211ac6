// SPDX-License-Identifier: Apache-2.0
//
// Keeps a table of the loaded modules, and tells which kind of code an address belongs to.
//
// The program is the executable, the module that contains Joist, and every other module with Swift code except those
// that come with Swift. Every remaining module is a library. A module has Swift code if it needs Swift's runtime or
// names one of its functions; its dynamic section tells both. Rules:
// W30. A signal handler looks in a table that was filled earlier. For an address in a module that was loaded since, it
//      asks the loader, which answers without a lock where it can (glibc 2.35). Elsewhere such a module counts as the
//      program until the table is refreshed.
#define _GNU_SOURCE
#include "fault.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>
#if defined(__ELF__)
#include <link.h>
#endif

enum { max_ranges = 256 };

struct range {
  uintptr_t low, high;
  enum joist_code code;
};

struct ranges {
  int count;
  struct range loader;
  struct range all[max_ranges];
};

// Two tables: `ranges` is the one that handlers read, and the other one is filled at the next refresh.
static struct ranges tables[2];
static struct ranges *ranges = &tables[0];

#if defined(__ELF__)

// The result of `_dl_find_object` (glibc's `struct dl_find_object`), with space for fields that later versions add.
struct found {
  unsigned long long flags;
  void *start, *end;
  struct link_map *map;
  void *more[16];
};

typedef int find(void *address, struct found *found);

static find *find_object;

// Whether a name begins with one of the given strings.
static bool is_in(const char *name, const char *const *beginnings, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) return true;
  return false;
}

// Whether a module's dynamic section names Swift's runtime or one of its functions.
static bool has_swift_code(const ElfW(Dyn) *section, uintptr_t base) {
  uintptr_t strings = 0;
  size_t bytes = 0;
  if (section == NULL) return false;
  for (const ElfW(Dyn) *entry = section; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_STRTAB) strings = entry->d_un.d_ptr;
    if (entry->d_tag == DT_STRSZ) bytes = entry->d_un.d_val;
  }
  if (strings == 0) return false;
  if (strings < base) strings += base;  // some loaders do not relocate the section
  static const char runtime[] = "libswiftCore", function[] = "\0swift_retain";
  for (const ElfW(Dyn) *entry = section; entry->d_tag != DT_NULL; entry++)
    if (entry->d_tag == DT_NEEDED && entry->d_un.d_val < bytes &&
        strncmp((const char *)strings + entry->d_un.d_val, runtime, sizeof runtime - 1) == 0)
      return true;
  return memmem((const char *)strings, bytes, function, sizeof function) != NULL;
}

static enum joist_code code_of_module(const char *path, const ElfW(Dyn) *section, uintptr_t base) {
  static const char *const system[] = {"libc.", "libc-", "ld-", "libpthread", "ld64", "[vdso", "linux-vdso",
                                       "libstdc++", "libc++"};
  static const char *const swift[] = {"libswift", "lib_Internal", "libTesting"};
  static const char *const library[] = {"libdispatch", "libBlocks", "libFoundation", "lib_Foundation"};
  if (*path == 0) return joist_code_program;  // the executable
  const char *name = strrchr(path, '/');
  name = name != NULL ? name + 1 : path;
#define IS_IN(list) is_in(name, list, sizeof list / sizeof *list)
  if (IS_IN(system)) return joist_code_system;
  if (IS_IN(swift)) return joist_code_swift;
  if (IS_IN(library)) return joist_code_library;
#undef IS_IN
  return has_swift_code(section, base) ? joist_code_program : joist_code_library;
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
  enum joist_code code =
    has_joist ? joist_code_program : code_of_module(info->dlpi_name, section, info->dlpi_addr);
  for (int i = 0; i < info->dlpi_phnum && new->count < max_ranges; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type != PT_LOAD || (header->p_flags & PF_X) == 0) continue;
    uintptr_t low = info->dlpi_addr + header->p_vaddr;
    struct range range = {low, low + header->p_memsz, code};
    new->all[new->count++] = range;
    if (is_loader(info->dlpi_name)) new->loader = range;
  }
  return 0;
}

struct changes {
  unsigned long long added, removed;
};

// The counts are the same with every module, so this stops at the first.
static int note_changes(struct dl_phdr_info *info, size_t size, void *context) {
  struct changes *changes = context;
  if (size < offsetof(struct dl_phdr_info, dlpi_subs) + sizeof info->dlpi_subs) return 1;
  changes->added = info->dlpi_adds;
  changes->removed = info->dlpi_subs;
  return 1;
}

// The release store publishes the table to handlers, which load it with acquire. A handler that still reads the older
// table while it is filled again would see it half filled. For that, the table would have to be refreshed twice during
// one lookup, with modules loaded before each.
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

// Returns the kind of an address that the table does not contain (W30).
static enum joist_code code_of_unknown(uintptr_t address) {
  struct found found = {0};
  if (find_object == NULL || find_object((void *)address, &found) != 0) return joist_code_program;
  return code_of_module(found.map->l_name, found.map->l_ld, found.map->l_addr);
}

#else
void joist_modules_note(void) {}
static enum joist_code code_of_unknown(uintptr_t address) { return (void)address, joist_code_program; }
#endif

static bool is_inside(uintptr_t address, const struct range *range) {
  return address - range->low < range->high - range->low;
}

enum joist_code joist_code_of(uintptr_t address) {
  const struct ranges *now = __atomic_load_n(&ranges, __ATOMIC_ACQUIRE);
  for (int i = 0; i < now->count; i++)
    if (is_inside(address, &now->all[i])) return now->all[i].code;
  return code_of_unknown(address);
}

bool joist_is_in_loader(uintptr_t address) {
  return is_inside(address, &__atomic_load_n(&ranges, __ATOMIC_ACQUIRE)->loader);
}
