"""Adds the command `joist-processes` to gdb: the processes of a program that uses Joist, also in its core file.

The program notes in `joist_core_layout` (Sources/CJoist/core_layout.c) where its records are and how they are laid out.
"""
import functools
import struct

import gdb

STACKS = 16  # the number of frames of a stack that are printed
MEMBERS = 5  # the number of processes of a stack that are named


def read(address, count):
    return bytes(gdb.selected_inferior().read_memory(address, count))


def word(data, at, kind):
    return struct.unpack_from(kind, data, at)[0]


class Layout:
    """What `joist_core_layout` says."""

    def __init__(self):
        try:
            start = int(gdb.parse_and_eval("(unsigned long)&joist_core_layout"))
            head = read(start, 16 + 64 * 16 + 2048)
        except gdb.error:
            raise gdb.GdbError("core: this program does not use Joist, or has no symbols")
        self.pc_at, self.fp_at, count = struct.unpack_from("III", head)
        self.tables = [struct.unpack_from("QQ", head, 16 + 16 * index) for index in range(min(count, 64))]
        text = head[16 + 64 * 16 :].split(b"\0")[0].decode()
        self.values = dict(line.split(" ", 1) for line in text.split("\n") if line)
        if not self.tables:
            raise gdb.GdbError("core: this program has made no runtime")

    def __getitem__(self, name):
        return int(self.values[name])

    def name(self, kind, number):
        return self.values.get(f"{kind}.{number}", f"{kind} {number}")


class Process:
    def __init__(self, layout, data, slot):
        self.generation = word(data, layout["generation"], "I")
        self.slot = slot
        self.state = layout.name("state", data[layout["state"]])
        self.wait = layout.name("wait", word(data, layout["wait"], "Q") & 255) if self.state == "waiting" else ""
        self.parent = word(data, layout["parent"], "Q")
        self.slices, self.received, self.sent = (word(data, layout[name], "q") for name in ("slices", "received", "sent"))
        self.context = word(data, layout["stackPointer"], "Q")
        self.frames = word(data, layout["savedFrames"], "Q")
        self.has_begun = data[layout["flags"]] & layout["started"] != 0

    def __str__(self):
        return f"#{self.slot}.{self.generation}"

    def stack(self, layout):
        """The return addresses, innermost first. The frames may lie elsewhere than where they run."""
        if not self.has_begun or self.state in ("running", "created") or self.context == 0:
            return ()
        moved = (self.frames or self.context) - self.context
        try:
            context = read(self.context + moved, max(layout.pc_at, layout.fp_at) + 8)
            addresses, frame = [word(context, layout.pc_at, "Q")], word(context, layout.fp_at, "Q")
            if addresses == [0]:
                return ()  # the file has no such page
            while frame > self.context and len(addresses) < STACKS:
                following, back = struct.unpack("QQ", read(frame + moved, 16))
                if back == 0:
                    break
                addresses.append(back)
                if following <= frame:
                    break
                frame = following
        except gdb.error:
            return ()
        return tuple(addresses)


def processes(layout):
    for records, used in layout.tables:
        size, count = layout["record"], word(read(used, 8), 0, "Q")
        for first in range(0, count, 1024):
            some = min(1024, count - first)
            data = read(records + first * size, some * size)
            for index in range(some):
                record = data[index * size : (index + 1) * size]
                if word(record, layout["generation"], "I") == 0:
                    continue
                process = Process(layout, record, first + index)
                if process.state != "terminated":
                    yield process


@functools.cache  # stacks have most of their frames in common
def place(address):
    """The function of a return address, and its line if the program has debug information."""
    block = gdb.execute(f"info symbol {address - 1:#x}", to_string=True).strip()
    name = block.split(" + ")[0].split(" in section")[0] if "No symbol" not in block else f"{address:#x}"
    line = gdb.find_pc_line(address - 1)
    return f"{name} ({line.symtab.filename.rsplit('/', 1)[-1]}:{line.line})" if line.symtab else name


class JoistProcesses(gdb.Command):
    """Prints the processes of a program that uses Joist, and their stacks."""

    def __init__(self):
        super().__init__("joist-processes", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        layout = Layout()
        stacks = {}
        print("=processes")
        for process in processes(layout):
            waits = f" in {process.wait}" if process.wait else ""
            parent = process.parent
            made = f" parent #{parent >> 32}.{parent & 0xffffffff}" if 0 < parent < 2**64 - 1 else ""
            print(
                f"{process} {process.state}{waits}{made} slices {process.slices} "
                f"received {process.received} sent {process.sent}"
            )
            stacks.setdefault(process.stack(layout), []).append(process)
        print(f"=stacks\n{sum(map(len, stacks.values()))} processes")
        for stack, members in sorted(stacks.items(), key=lambda entry: (-len(entry[1]), entry[1][0].slot)):
            named = " ".join(str(member) for member in members[:MEMBERS])
            more = f" and {len(members) - MEMBERS} more" if len(members) > MEMBERS else ""
            print(f"{len(members)} with this stack: {named}{more}")
            for address in stack:
                print(f"  {place(address)}")
            if not stack:
                print("  (it ran, which gdb's threads show, or had not begun, or its stack is not in the file)")
        print("=end")


JoistProcesses()
