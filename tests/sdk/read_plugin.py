# SPDX-License-Identifier: MIT
"""Reads a plugin as abi.md describes it, without the host's code: the note, the manifest, the exported symbols.

read_plugin.py FILE...          prints the manifests
read_plugin.py --check FILE...  fails unless each exports kairos_plugin_v1 alone, as an ordinary symbol, and can be read

For a directory, reads every *.so in it."""
import json
import pathlib
import struct
import sys

PT_LOAD, PT_NOTE = 1, 4
SHT_DYNSYM = 11
STB_LOCAL, STB_GNU_UNIQUE = 0, 10


class Plugin:
    def __init__(self, path):
        self.data = pathlib.Path(path).read_bytes()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("not a 64-bit little-endian ELF file")
        (self.phoff, self.shoff) = struct.unpack_from("<QQ", self.data, 32)
        (self.phentsize, self.phnum, self.shentsize, self.shnum) = struct.unpack_from("<HHHH", self.data, 54)

    def segments(self, kind):
        """(offset, address, size in the file) of each segment of a kind."""
        for i in range(self.phnum):
            p_type, _, offset, address, _, size = struct.unpack_from("<IIQQQQ", self.data, self.phoff + i * self.phentsize)
            if p_type == kind:
                yield offset, address, size

    def offset_of(self, address):
        for offset, start, size in self.segments(PT_LOAD):
            if start <= address < start + size:
                return offset + address - start
        raise ValueError(f"address {address:#x} is not in a segment")

    def notes(self):
        """(owner, type, address of the description, description)"""
        for offset, address, size in self.segments(PT_NOTE):
            at, end = offset, offset + size
            while at + 12 <= end:
                name_size, desc_size, kind = struct.unpack_from("<III", self.data, at)
                name = self.data[at + 12:at + 12 + name_size].rstrip(b"\0").decode()
                start = at + 12 + (name_size + 3) // 4 * 4
                yield name, kind, address + start - offset, self.data[start:start + desc_size]
                at = start + (desc_size + 3) // 4 * 4

    def note(self):
        found = [n for n in self.notes() if n[0] == "Kairos"]
        if len(found) != 1:
            raise ValueError(f"{len(found)} notes of owner Kairos")
        _, kind, address, description = found[0]
        major, required, built, zero, distance = struct.unpack("<HHHHi", description)
        if kind != major or zero != 0:
            raise ValueError(f"note type {kind}, major {major}, reserved {zero}")
        return major, required, built, address + 8 + distance

    def manifest(self):
        at = self.offset_of(self.note()[3])
        length, reserved = struct.unpack_from("<II", self.data, at)
        if reserved != 0:
            raise ValueError("reserved field of the manifest is not 0")
        return json.loads(self.data[at + 8:at + 8 + length].decode())

    def exports(self):
        """(name, binding) of each dynamic symbol that the file defines for others."""
        for i in range(self.shnum):
            _, kind, _, _, offset, size, link, _, _, entry = struct.unpack_from("<IIQQQQIIQQ", self.data, self.shoff + i * self.shentsize)
            if kind != SHT_DYNSYM:
                continue
            names = struct.unpack_from("<Q", self.data, self.shoff + link * self.shentsize + 24)[0]
            for at in range(offset, offset + size, entry):
                name, info, _, section = struct.unpack_from("<IBBH", self.data, at)
                if section != 0 and info >> 4 != STB_LOCAL:
                    start = names + name
                    yield self.data[start:self.data.index(b"\0", start)].decode(), info >> 4


def faults(plugin):
    exports = list(plugin.exports())
    names = sorted(name for name, _ in exports)
    if names != ["kairos_plugin_v1"]:
        yield f"exports {len(names)} symbols, expected kairos_plugin_v1 alone: {', '.join(names[:5])}"
    unique = [name for name, binding in exports if binding == STB_GNU_UNIQUE]
    if unique:
        yield f"has symbols that prevent unloading (STB_GNU_UNIQUE): {', '.join(unique[:3])}"
    try:
        major, required, built, _ = plugin.note()
        if major != 1 or required > built:
            yield f"note says ABI {major}, minor {required} required, {built} built"
        if not plugin.manifest()["callbacks"]:
            yield "manifest names no callback"
    except (ValueError, KeyError, struct.error) as error:
        yield f"cannot be read: {error}"


def files(names):
    for name in map(pathlib.Path, names):
        yield from sorted(name.glob("*.so")) if name.is_dir() else [name]


def main(arguments):
    check = arguments[:1] == ["--check"]
    paths = list(files(arguments[check:]))
    failed = not paths
    for path in paths:
        plugin = Plugin(path)
        if not check:
            print(json.dumps(plugin.manifest(), indent=2))
        for fault in faults(plugin) if check else ():
            print(f"{path} {fault}")
            failed = True
    print(f"{len(paths)} plugins", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
