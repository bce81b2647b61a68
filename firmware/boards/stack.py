#!/usr/bin/env python3
"""Counts the deepest stack of a program from its machine code: the frame of each function, and who calls whom.

  stack.py rv32|m4 PROGRAM    prints the bytes below main's caller

A bound and no sample: frames of a function are added up, and a tail call counts as a call. Ends with 1 where a call
cannot be followed (through a register, or recursion), and where a frame has no fixed size. Needs llvm-objdump.
"""

import re
import subprocess
import sys

TRIPLES = {
    "rv32": ["--triple=riscv32", "--mattr=+m,+c"],
    "m4": ["--triple=thumbv7em-none-eabihf", "--mcpu=cortex-m4"],
}
LINE = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*)$")


def fail(text):
    sys.exit(f"stack.py: {text}")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def functions(program):
    """Where each function begins, from the program's symbols."""
    found = {}
    for line in output("llvm-objdump", "--syms", program).splitlines():
        fields = line.split()
        if len(fields) >= 5 and "F" in fields[1:3] and ".text" in fields:
            found[int(fields[0], 16) & ~1] = fields[-1]
    return found


def registers(text):
    """How many registers a list in braces holds."""
    count = 0
    for part in re.search(r"{(.*)}", text).group(1).split(","):
        ends = [int(number) for number in re.findall(r"[rsd](\d+)", part)]
        count += ends[1] - ends[0] + 1 if len(ends) == 2 else 1
    return count


def rv32_constant(operation, rest, known):
    """Follows constants that a register is loaded with: a large frame is taken by one."""
    fields = rest.split(", ")
    if operation == "lui":
        known[fields[0]] = int(fields[1], 0) << 12
    elif operation == "addi" and fields[1] == fields[0] and fields[0] in known:
        known[fields[0]] += int(fields[2], 0)
    elif operation not in ("sw", "sh", "sb", "sub", "add") or fields[0] != "sp":
        known.pop(fields[0], None)


def rv32_step(name, at, operation, rest, before, known):
    """Bytes that an instruction takes from the stack, and what it calls."""
    rv32_constant(operation, rest, known)
    if operation == "addi" and re.match(r"sp, sp, -", rest):
        return -int(rest.split(", ")[2]), None
    if operation in ("sub", "add") and rest.startswith("sp,"):
        size = known.get(rest.split(", ")[-1])
        if size is not None:
            return (size if operation == "sub" else 0), None
        fail(f"{name} takes a part of the stack whose size is not fixed")
    if operation in ("jal", "j"):
        return 0, int(re.search(r"0x([0-9a-f]+)", rest).group(1), 16)
    if operation in ("jalr", "jr"):
        target = re.match(r"(-?\d+)?\(?(\w+)\)?", rest)
        pair = before and before[1] == "auipc" and before[2].startswith(target.group(2) + ",")
        if pair:
            return 0, before[0] + (int(before[2].split(", ")[1], 0) << 12) + int(target.group(1) or 0) & 0xFFFFFFFF
        if operation == "jalr":
            fail(f"{name} calls through a register at {at:x}")
        # A jump through another register is a switch: firmware without `dyn` has no tail call of that kind.
    return 0, None


def m4_step(name, at, operation, rest, before, _):
    """The same for Thumb."""
    plain = operation.removesuffix(".w")
    if plain == "push":
        return 4 * registers(rest), None
    if plain == "vpush":
        return (8 if "d" in rest else 4) * registers(rest), None
    if plain == "stmdb" and rest.startswith("sp!"):
        return 4 * registers(rest), None
    if plain in ("str", "strd") and (pushed := re.search(r"\[sp, #-(\d+)\]!", rest)):
        return int(pushed.group(1)), None
    if plain in ("sub", "subw") and re.match(r"sp, ", rest):
        size = re.search(r"#(0x[0-9a-f]+|\d+)$", rest.split("@")[0].strip())
        return (int(size.group(1), 0) if size else fail(f"{name} has no fixed frame")), None
    if plain == "blx" or plain == "bx" and rest.split("@")[0].strip() != "lr":
        fail(f"{name} calls through a register at {at:x}")
    if plain in ("bl", "b"):
        return 0, int(re.search(r"0x([0-9a-f]+)", rest).group(1), 16)
    return 0, None


def read(machine, program):
    """The frame of each function, and the functions that it calls."""
    starts = functions(program)
    frames = dict.fromkeys(starts.values(), 0)
    calls = {name: set() for name in frames}
    step = {"rv32": rv32_step, "m4": m4_step}[machine]
    name, before, known = None, None, {}
    text = output("llvm-objdump", "-d", "--no-show-raw-insn", *TRIPLES[machine], program)
    for line in text.splitlines():
        matched = LINE.match(line)
        if not matched:
            continue
        at, operation, rest = int(matched.group(1), 16), matched.group(2), matched.group(3)
        if at in starts:
            name, known = starts[at], {}
        if name is None:
            continue
        size, target = step(name, at, operation, rest, before, known)
        frames[name] += size
        before = (at, operation, rest)
        # A jump within a function is none of ours.
        if target in starts and (operation not in ("j", "b", "b.w") or starts[target] != name):
            calls[name].add(starts[target])
        elif target is not None and operation in ("jal", "jalr", "bl"):
            fail(f"{name} calls {target:x}, where no function begins")
    return frames, calls


def deepest(name, frames, calls, path=()):
    if name in path:
        fail(f"{name} calls itself")
    below = [deepest(callee, frames, calls, (*path, name)) for callee in calls[name]]
    return frames[name] + max(below, default=0)


if len(sys.argv) != 3 or sys.argv[1] not in TRIPLES:
    sys.exit(__doc__)
print(deepest("main", *read(sys.argv[1], sys.argv[2])))
