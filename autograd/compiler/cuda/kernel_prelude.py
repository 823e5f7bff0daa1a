"""What every kernel's text begins with, and the kernels that no program is needed for.

The order of additions is fixed by the number of rows. Of every chunk of rows a warp takes 32 at a
time; their results are added in the order of the rows, and the sum of the 32 to that of those
before. The sums of all chunks are added by 128 threads, each every 128th, and those in a tree.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ADDING",
    "CHUNK",
    "CHUNKS",
    "COMPARING",
    "LANES",
    "MOST_AXES",
    "MOST_PLACES",
    "NUMBERS",
    "PRELUDE",
    "SHORTER",
    "SUMS",
    "THREADS",
    "copying",
]

THREADS: Final = 128
"""Of a block."""
CHUNK: Final = 1024
"""Rows that one warp adds up, at most: as few as 32, where there are few."""
CHUNKS: Final = 1 << 15
"""That rows are divided into, at most, while there may be more rows in a chunk: enough for every
warp of a device."""
SUMS: Final = 1 << 25
"""Numbers that the sums over all chunks have, at most, likewise."""
LANES: Final = 32
"""Of a warp."""
MOST_AXES: Final = 8
"""Of an array that is copied."""
MOST_PLACES: Final = 64
"""Arrays to which one launch writes sums."""

_SETTINGS: Final = f"""\
/* Compile it without contraction of products and sums: --fmad=false. */
#ifndef NAN
#define NAN __longlong_as_double(0x7ff8000000000000LL)
#define INFINITY __longlong_as_double(0x7ff0000000000000LL)
#endif
#define THREADS {THREADS}
"""

PRELUDE: Final = (
    _SETTINGS
    + """
/* How many rows are on other paths, and the first of them. */
struct Status { unsigned left, first; };

static __device__ __forceinline__ void report(
    bool is_left, unsigned row, unsigned *left, Status *status)
{
    __shared__ unsigned lost, base;
    if (!__syncthreads_or(is_left)) return;
    if (threadIdx.x == 0) lost = 0;
    __syncthreads();
    unsigned place = 0;
    if (is_left) place = atomicAdd(&lost, 1u);
    __syncthreads();
    if (threadIdx.x == 0) base = atomicAdd(&status->left, lost);
    __syncthreads();
    if (is_left) {
        left[base + place] = row;
        atomicMin(&status->first, row);
    }
    __syncthreads();
}

/* A warp's numbers, number by number, each in all lanes; and the sum of one of them over the lanes
   in their order, number i in lane i. It is written as it is to be compiled, for NVRTC 13.0 and
   older compute an address for every number where a loop says `tile[lane * 33 + k]`. */
static __device__ __forceinline__ double over_lanes(
    const double *tile, unsigned lane, int lanes, int size)
{
    const double *const own = tile + lane * 33;
    double sum = 0.0;
    __syncwarp();
    if ((int)lane < size) {
        if (lanes == 32) {
#pragma unroll
            for (int k = 0; k < 32; k++) sum = sum + own[k];
        } else {
#pragma unroll 1
            for (int k = 0; k < lanes; k++) sum = sum + own[k];
        }
    }
    __syncwarp();
    return sum;
}
"""
)

ADDING: Final = (
    PRELUDE
    + f"#define MOST_PLACES {MOST_PLACES}\n"
    + """
/* The sums of a matrix's columns over every chunk of its rows. */
extern "C" __global__ void __launch_bounds__(THREADS) add_rows(
    const double *__restrict__ matrix, long long rows, int size, int width,
    double *__restrict__ partial)
{
    const unsigned lane = threadIdx.x % 32;
    long long chunk = (long long)blockIdx.x * (THREADS / 32) + threadIdx.x / 32;
    for (; chunk * size < rows; chunk += (long long)gridDim.x * (THREADS / 32)) {
        for (int first = 0; first < width; first += 32) {
            double sum = 0.0;
            for (int step = 0; step < size; step += 32) {
                const long long i = chunk * size + step;
                if (i >= rows) break;
                const int lanes = rows - i < 32 ? (int)(rows - i) : 32;
                double over = 0.0;
                if (first + (int)lane < width)
                    for (int k = 0; k < lanes; k++)
                        over = over + matrix[(i + k) * width + first + lane];
                sum = sum + over;
            }
            if (first + (int)lane < width) partial[chunk * width + first + lane] = sum;
        }
    }
}

/* The sums over all chunks of some columns, over a divisor, to arrays side by side, each of which
   ends before a column: a block for each column. */
struct Results { double *arrays[MOST_PLACES]; int ends[MOST_PLACES]; };

extern "C" __global__ void __launch_bounds__(THREADS) add_chunks(
    const double *__restrict__ partial, long long chunks, int width, int columns, double divisor,
    Results results)
{
    __shared__ double tree[THREADS];
    const unsigned t = threadIdx.x;
    for (int column = blockIdx.x; column < columns; column += gridDim.x) {
        double sum = 0.0;
        for (long long i = t; i < chunks; i += THREADS)
            sum = sum + partial[i * width + column];
        tree[t] = sum;
        __syncthreads();
        for (unsigned half = THREADS / 2; half; half /= 2) {
            if (t < half) tree[t] = tree[t] + tree[t + half];
            __syncthreads();
        }
        if (t == 0) {
            int k = 0, first = 0;
            while (column >= results.ends[k]) first = results.ends[k++];
            results.arrays[k][column - first] = tree[0] / divisor;
        }
        __syncthreads();
    }
}
"""
)

COMPARING: Final = (
    PRELUDE
    + """
/* Whether rows of a matrix differ from the first, a NaN being like any other; and the first. */
extern "C" __global__ void __launch_bounds__(THREADS) compare_rows(
    const double *__restrict__ matrix, long long rows, int width, double *__restrict__ out,
    unsigned *__restrict__ differ)
{
    const long long size = rows * width;
    long long i = (long long)blockIdx.x * THREADS + threadIdx.x;
    for (; i < size; i += (long long)gridDim.x * THREADS) {
        const double x = matrix[i], first = matrix[i % width];
        if (x != first && (x == x || first == first)) *differ = 1;
        if (i < width) out[i] = x;
    }
}
"""
)

NUMBERS: Final = {
    "<f8": "double",
    "<f4": "float",
    "<f2": "Half",
    "<b2": "Bfloat",
    "<i8": "long long",
    "<i4": "int",
    "<i2": "short",
    "|i1": "signed char",
    "<u8": "unsigned long long",
    "<u4": "unsigned",
    "<u2": "unsigned short",
    "|u1": "unsigned char",
    "|b1": "bool",
}
"""The types of numbers that arrays on a device may have, as in an array interface and as in C.
("<b2", bfloat16, is in no array interface: DLPack has it.)"""

SHORTER: Final = {"<f4": "float32", "<f2": "float16", "<b2": "bfloat16"}
"""Those that are shorter than the doubles they become, which may be a surprise, by their names."""

_SHORT: Final = """
/* Floats of 16 bits, which need a header of CUDA's otherwise: IEEE 754's, and the upper half of a
   float. Every one of them is a double. */
struct Half {
    unsigned short bits;
    __device__ operator double() const
    {
        const unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
        double x = fraction * 5.9604644775390625e-8; /* 2^-24 */
        if (exponent == 31) x = fraction ? NAN : INFINITY;
        else if (exponent) x = (1024 + fraction) * 2.98023223876953125e-8 * (1u << exponent);
        return bits >> 15 ? -x : x;
    }
};
struct Bfloat {
    unsigned short bits;
    __device__ operator double() const
    {
        union { unsigned bits; float number; } x = {(unsigned)bits << 16};
        return x.number;
    }
};
"""

_PLACES: Final = f"""
struct Places {{ long long shape[{MOST_AXES}], strides[{MOST_AXES}]; }};
"""

_COPY: Final = (
    _PLACES
    + """
/* An array in the order of C, as doubles; strides count numbers. */
template <typename T>
static __device__ void copy(const T *x, Places places, int axes, long long size, double *out)
{
    long long i = (long long)blockIdx.x * THREADS + threadIdx.x;
    for (; i < size; i += (long long)gridDim.x * THREADS) {
        long long at = 0, rest = i;
        for (int axis = axes - 1; axis >= 0; axis--) {
            at += rest % places.shape[axis] * places.strides[axis];
            rest /= places.shape[axis];
        }
        out[i] = (double)x[at];
    }
}
"""
)


def copying(written: str) -> str:
    """The text of a kernel that copies arrays with numbers of a type."""
    head = 'extern "C" __global__ void __launch_bounds__(THREADS) copy_numbers'
    arguments = "Places places, int axes, long long size, double *out"
    return (
        f"{PRELUDE}{_SHORT}{_COPY}\n{head}(const {NUMBERS[written]} *x, {arguments})\n"
        "{ copy(x, places, axes, size, out); }\n"
    )
