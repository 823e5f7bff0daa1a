"""A CUDA device that is none: kernels are compiled by the C++ compiler of the CPU, behind
`cuda_on_cpu.h`, and run over the CPU's memory. All is as on a device but for the launch, and for
how CUDA's functions are rounded.
"""

import contextlib
import ctypes
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import numpy

from autograd.compiler.cuda.device import Device
from autograd.compiler.cuda.driver import OutOfDeviceMemory
from autograd.compiler.cuda.kernel_prelude import THREADS

HERE = Path(__file__).parent
COMPILER = shutil.which("g++") or shutil.which("c++")


def built(source, folder):
    """A kernel's text as a shared library, with a launcher for each kernel; its path."""
    names = re.findall(r"__launch_bounds__\(THREADS\) (\w+)\(", source)
    launchers = "".join(f"LAUNCHER({name})\n" for name in names)
    text = f'#include "cuda_on_cpu.h"\n{source}\n{launchers}'
    place = Path(folder) / hashlib.sha256(text.encode()).hexdigest()[:24]
    library = place.with_suffix(".so")
    if not library.exists():
        place.with_suffix(".cpp").write_text(text, "utf-8")
        options = ["-O1", "-std=c++17", "-ffp-contract=off", "-fno-builtin", "-shared", "-fPIC"]
        options += ["-Wall", "-Wno-unknown-pragmas", "-Wno-unused-function", "-Werror"]
        options += ["-Wno-unused-variable", "-Wno-unused-but-set-variable", f"-I{HERE}"]
        files = ["-o", str(library), str(place.with_suffix(".cpp"))]
        subprocess.run([COMPILER, *options, *files], check=True, capture_output=True)
    return library


class DriverOnCpu:
    """What `Driver` does, with the CPU's memory; `room` is how many bytes there are, `events` what
    was asked for."""

    def __init__(self, room=1 << 40):
        self.room = room
        self.taken = {}
        self.events = []

    @property
    def in_use(self):
        return sum(len(memory) for memory in self.taken.values())

    def device_of(self, pointer):
        return 0

    def arch(self, device):
        return 90

    def multiprocessors(self, device):
        return 1

    def current(self, device):
        return contextlib.nullcontext()

    def module(self, image):
        return ctypes.CDLL(image.decode())

    def function(self, module, name):
        return module[f"launch_{name}"]

    def resources(self, function):
        return 24, 0

    def wait_for_all(self):
        self.events.append("wait for all")

    def allocate(self, size, stream):
        if self.in_use + size > self.room:
            raise OutOfDeviceMemory("the CUDA device has no memory left")
        memory = ctypes.create_string_buffer(size)
        self.taken[ctypes.addressof(memory)] = memory
        return ctypes.addressof(memory)

    def free(self, pointer, stream):
        del self.taken[pointer]

    def write(self, pointer, data, stream):
        ctypes.memmove(pointer, data, len(data))

    def read(self, pointer, size, stream):
        self.events.append("read")
        return ctypes.string_at(pointer, size)

    def synchronise(self, stream):
        self.events.append(f"synchronise {stream}")

    def launch(self, function, blocks, args, stream):
        self.events.append(f"launch {function.__name__.removeprefix('launch_')}")
        places = (ctypes.c_void_p * len(args))(*[ctypes.addressof(x) for x in args])
        function(ctypes.c_uint(min(blocks, 8)), ctypes.c_uint(THREADS), places)


def device_on_cpu(folder, room=1 << 40):
    """A device whose kernels are compiled into a folder."""
    return Device(DriverOnCpu(room), 0, lambda source, arch: str(built(source, folder)).encode())


class HostArray:
    """An array of some library on that device: a NumPy array that says it is on it."""

    def __init__(self, x, stream=None):
        self.x = numpy.asarray(x)
        self.stream = stream

    @property
    def shape(self):
        return self.x.shape

    @property
    def __cuda_array_interface__(self):
        return {
            "shape": self.x.shape,
            "typestr": self.x.dtype.str,
            "data": (self.x.ctypes.data, False),
            "strides": None if self.x.flags.c_contiguous else self.x.strides,
            "version": 3,
            "stream": self.stream,
        }
