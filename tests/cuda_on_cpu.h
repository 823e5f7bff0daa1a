/* A CUDA kernel's text as C++ of the CPU: blocks one after the other, the threads of a block in
   turn, each up to where it waits for others. So barriers mean what they mean on a device. */
#undef _FORTIFY_SOURCE /* which takes a jump to another stack for a mistake */
#include <math.h>
#include <setjmp.h>
#include <string.h>
#include <type_traits>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline
#define __noinline__
#define __launch_bounds__(threads)
#define __shared__ static /* one block runs at a time */

static inline double erfinv(double x) /* CUDA's, here by Newton's method */
{
    if (!(fabs(x) < 1.0)) return fabs(x) == 1.0 ? x * INFINITY : NAN;
    double y = 0.0;
    for (int k = 0; k < 200; k++) {
        const double off = x > 0.5    ? (1.0 - x) - erfc(y)
                           : x < -0.5 ? erfc(-y) - (1.0 + x)
                                      : x - erf(y);
        const double step = (x > 0.5 ? -off : x < -0.5 ? -off : off) * 0.8862269254527580 * exp(y * y);
        y += fmax(-0.5, fmin(0.5, step));
    }
    return copysign(fabs(y), x);
}

/* Halves of a double, and the processor's estimates, of which only the upper half is used. */
static inline long long bits_of(double x) { long long bits; memcpy(&bits, &x, 8); return bits; }
static inline double __longlong_as_double(long long bits) { double x; memcpy(&x, &bits, 8); return x; }
static inline int __double2hiint(double x) { return (int)(bits_of(x) >> 32); }
static inline int __double2loint(double x) { return (int)bits_of(x); }
static inline double __hiloint2double(int high, int low)
{
    return __longlong_as_double((long long)high << 32 | (unsigned)low);
}
static inline float __int_as_float(int bits) { float x; memcpy(&x, &bits, 4); return x; }
static inline double estimate_of_inverse(double x) { return 1.0 / x; }
static inline double estimate_of_inverse_sqrt(double x) { return 1.0 / sqrt(x); }
#define __builtin_assume(known)

struct Place { unsigned x, y, z; };
static Place threadIdx, blockIdx, gridDim, blockDim;

struct Kernel { void (*run)(void *); void *args; };
static Kernel kernel;

/* A thread has a stack of its own, made once, and is left and resumed by jumps, which are no calls
   of the system. */
struct Thread { jmp_buf at; std::vector<char> stack; bool is_started, is_done; };
static std::vector<Thread> threads;
static jmp_buf scheduler;

static void others() /* let the others run */
{
    const unsigned mine = threadIdx.x;
    if (!_setjmp(threads[mine].at)) _longjmp(scheduler, 1);
    threadIdx.x = mine;
}

static void one_thread()
{
    const unsigned mine = threadIdx.x;
    for (;;) {
        kernel.run(kernel.args);
        threads[mine].is_done = true;
        others();
    }
}

static void resume(unsigned t)
{
    Thread &one = threads[t];
    threadIdx.x = t;
    if (_setjmp(scheduler)) return;
    if (one.is_started) _longjmp(one.at, 1);
    one.is_started = true;
    one.stack.resize(1 << 17);
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = one.stack.data();
    context.uc_stack.ss_size = one.stack.size();
    makecontext(&context, one_thread, 0);
    setcontext(&context);
}

struct Barrier {
    unsigned arrived = 0, round = 0;
    int any = 0, result = 0;
    void wait(unsigned count, int value)
    {
        const unsigned mine = round;
        any |= value;
        if (++arrived == count) {
            arrived = 0, result = any, any = 0, round++;
            return;
        }
        while (round == mine) others();
    }
};
static Barrier of_block, of_warp[32];

static inline int __syncthreads_or(int value)
{
    of_block.wait(blockDim.x, value);
    return of_block.result;
}
static inline void __syncthreads() { __syncthreads_or(0); }
static inline void __syncwarp() { of_warp[threadIdx.x / 32].wait(32, 0); }
static inline unsigned atomicAdd(unsigned *at, unsigned x) { return (*at += x) - x; }
static inline void atomicMin(unsigned *at, unsigned x) { if (x < *at) *at = x; }

static void run(unsigned blocks, unsigned count, Kernel what)
{
    kernel = what;
    if (threads.size() < count) threads.resize(count);
    gridDim.x = blocks, blockDim.x = count;
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++) {
        for (unsigned t = 0; t < count; t++) threads[t].is_done = false;
        for (unsigned left = count; left;) {
            for (unsigned t = 0; t < count; t++) {
                if (threads[t].is_done) continue;
                resume(t);
                left -= threads[t].is_done;
            }
        }
    }
}

template <typename... A, size_t... I>
static void call(void (*f)(A...), void **args, std::index_sequence<I...>)
{
    f(*(std::remove_reference_t<A> *)args[I]...);
}
template <typename... A> static void call(void (*f)(A...), void **args)
{
    call(f, args, std::index_sequence_for<A...>());
}
#define LAUNCHER(name)                                                              \
    extern "C" void launch_##name(unsigned blocks, unsigned threads, void **args)   \
    {                                                                               \
        run(blocks, threads, {[](void *given) { call(name, (void **)given); }, args}); \
    }
