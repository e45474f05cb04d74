"""The host functions that a module calls and the callbacks that it has, read from its import and export sections."""

from dataclasses import dataclass

IMPORTS, EXPORTS = 2, 7
FUNCTION = 0


@dataclass(frozen=True)
class WasmModule:
    imports: frozenset
    exports: frozenset

    @classmethod
    def read(cls, path):
        reader = Reader(path.read_bytes())
        if reader.take(8) != b"\0asm\1\0\0\0":
            raise ValueError(f"{path} is not a WebAssembly module")
        sections = {}
        while not reader.at_end():
            section, size = reader.take(1)[0], reader.number()
            sections[section] = reader.take(size)
        imports = frozenset(name for _, name in Reader(sections[IMPORTS]).imports())
        return cls(imports, frozenset(Reader(sections[EXPORTS]).exports()))

    def capabilities(self):
        """The capabilities in the sense of proxy-wasm hosts: imported host functions and exported callbacks.
        proxy_on_memory_allocate has a callback's name, but hosts do not restrict it."""
        callbacks = {name for name in self.exports if name.startswith("proxy_on_")}
        return self.imports | callbacks - {"proxy_on_memory_allocate"}


class Reader:
    def __init__(self, content):
        self.content, self.offset = content, 0

    def at_end(self):
        return self.offset == len(self.content)

    def take(self, size):
        part = self.content[self.offset : self.offset + size]
        self.offset += size
        return part

    def number(self):
        """An unsigned LEB128."""
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def name(self):
        return self.take(self.number()).decode()

    def imports(self):
        for _ in range(self.number()):
            module, name, kind = self.name(), self.name(), self.take(1)[0]
            if kind != FUNCTION:
                raise ValueError(f"{module}.{name} is not a function; Envoy provides only functions")
            self.number()
            yield module, name

    def exports(self):
        for _ in range(self.number()):
            name = self.name()
            self.take(1)
            self.number()
            yield name
