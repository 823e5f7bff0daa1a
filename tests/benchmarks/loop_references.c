/* Values and gradients of the programs of loop_programs.py, by hand:
 *
 *     double NAME(const double *p, const double *data, long n, double *gradient)
 *
 * The reverse pass goes backward over what the forward pass has left in an array.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

double rosenbrock(const double *restrict x, const double *data, long n, double *restrict gradient)
{
    double total = 0.0, before = 0.0;
    for (long i = 0; i < n - 1; i++) {
        double a = x[i + 1] - x[i] * x[i], b = 1.0 - x[i];
        total += 100.0 * a * a + b * b;
        gradient[i] = before - 400.0 * a * x[i] - 2.0 * b;
        before = 200.0 * a;
    }
    gradient[n - 1] = before;
    return total;
}

double garch(const double *p, const double *restrict y, long n, double *gradient)
{
    static double *h;
    static long size;
    if (size < n)
        h = realloc(h, (size = n) * sizeof *h);
    double total = 0.0, w = 0.0, a = 0.0, b = 0.0, adjoint = 0.0;
    h[0] = 1.0;
    for (long i = 1; i < n; i++) {
        h[i] = p[0] + p[1] * y[i - 1] * y[i - 1] + p[2] * h[i - 1];
        total += 0.5 * (log(h[i]) + y[i] * y[i] / h[i]);
    }
    for (long i = n - 1; i > 0; i--) {
        double r = 1.0 / h[i];
        adjoint += 0.5 * (r - y[i] * y[i] * r * r);
        w += adjoint, a += adjoint * y[i - 1] * y[i - 1], b += adjoint * h[i - 1];
        adjoint *= p[2];
    }
    gradient[0] = w, gradient[1] = a, gradient[2] = b;
    return total;
}

typedef struct { double x, y, z; } state;

static state slope(state s, const double *p)
{
    return (state){p[0] * (s.y - s.x), s.x * (p[1] - s.z) - s.y * p[3], s.x * s.y - p[2] * s.z};
}

/* The adjoint of a slope's argument; the parameters' are added to g. */
static state pulled(state s, const double *p, state k, double *g)
{
    g[0] += k.x * (s.y - s.x), g[1] += k.y * s.x, g[2] -= k.z * s.z, g[3] -= k.y * s.y;
    return (state){-p[0] * k.x + (p[1] - s.z) * k.y + s.y * k.z,
                   p[0] * k.x - p[3] * k.y + s.x * k.z, -s.x * k.y - p[2] * k.z};
}

static state plus(state s, double h, state k)
{
    return (state){s.x + h * k.x, s.y + h * k.y, s.z + h * k.z};
}

double lorenz(const double *p, const double *data, long n, double *gradient)
{
    static state (*kept)[4];
    static long size;
    if (size < n)
        kept = realloc(kept, (size = n) * sizeof *kept);
    const double h = 0.001;
    double total = 0.0, g[4] = {0};
    state s = {1.0, 1.0, 1.0};
    for (long i = 0; i < n; i++) {
        state k1 = slope(s, p), s2 = plus(s, h / 2, k1), k2 = slope(s2, p);
        state s3 = plus(s, h / 2, k2), k3 = slope(s3, p), s4 = plus(s, h, k3), k4 = slope(s4, p);
        kept[i][0] = s, kept[i][1] = s2, kept[i][2] = s3, kept[i][3] = s4;
        s.x += h / 6 * (k1.x + 2 * k2.x + 2 * k3.x + k4.x);
        s.y += h / 6 * (k1.y + 2 * k2.y + 2 * k3.y + k4.y);
        s.z += h / 6 * (k1.z + 2 * k2.z + 2 * k3.z + k4.z);
        total += s.x * s.x;
    }
    state a = {0.0, 0.0, 0.0};
    double x = s.x;
    for (long i = n - 1; i >= 0; i--) {
        a.x += 2.0 * x;
        x = kept[i][0].x;
        state zero = {0.0, 0.0, 0.0};
        state d4 = pulled(kept[i][3], p, plus(zero, h / 6, a), g);
        state d3 = pulled(kept[i][2], p, plus(plus(zero, h / 3, a), h, d4), g);
        state d2 = pulled(kept[i][1], p, plus(plus(zero, h / 3, a), h / 2, d3), g);
        state d1 = pulled(kept[i][0], p, plus(plus(zero, h / 6, a), h / 2, d2), g);
        a = plus(plus(plus(plus(a, 1.0, d4), 1.0, d3), 1.0, d2), 1.0, d1);
    }
    memcpy(gradient, g, sizeof g);
    return total;
}

double pairs(const double *restrict x, const double *data, long n, double *restrict gradient)
{
    double energy = 0.0;
    memset(gradient, 0, 3 * n * sizeof *gradient);
    for (long i = 0; i < n; i++)
        for (long j = i + 1; j < n; j++) {
            double u = x[3 * i] - x[3 * j], v = x[3 * i + 1] - x[3 * j + 1];
            double w = x[3 * i + 2] - x[3 * j + 2], e = 1.0 / sqrt(u * u + v * v + w * w + 0.01);
            double d = -e * e * e;
            energy += e;
            gradient[3 * i] += d * u, gradient[3 * j] -= d * u;
            gradient[3 * i + 1] += d * v, gradient[3 * j + 1] -= d * v;
            gradient[3 * i + 2] += d * w, gradient[3 * j + 2] -= d * w;
        }
    return energy;
}

double mlp(const double *restrict p, const double *restrict data, long n, double *restrict gradient)
{
    double hidden[n], adjoint[n], loss = 0.0;
    memset(adjoint, 0, sizeof adjoint);
    for (long j = 0; j < n; j++) {
        const double *w = p + (n + 1) * j;
        double total = w[n];
        for (long i = 0; i < n; i++)
            total += w[i] * data[i];
        hidden[j] = tanh(total);
    }
    for (long j = n; j < n + 10; j++) {
        const double *w = p + (n + 1) * j;
        double *g = gradient + (n + 1) * j, total = w[n];
        for (long i = 0; i < n; i++)
            total += w[i] * hidden[i];
        loss += total * total;
        g[n] = 2.0 * total;
        for (long i = 0; i < n; i++) {
            g[i] = 2.0 * total * hidden[i];
            adjoint[i] += 2.0 * total * w[i];
        }
    }
    for (long j = 0; j < n; j++) {
        double *g = gradient + (n + 1) * j, d = adjoint[j] * (1.0 - hidden[j] * hidden[j]);
        g[n] = d;
        for (long i = 0; i < n; i++)
            g[i] = d * data[i];
    }
    return loss;
}

/* data: group, x and y of each row. */
double hierarchical(const double *p, const double *restrict data, long n, double *gradient)
{
    double total = 0.0, g[22] = {0};
    for (int k = 0; k < 20; k++) {
        double d = p[k] - p[20];
        total += d * d, g[k] += 2.0 * d, g[20] -= 2.0 * d;
    }
    for (long i = 0; i < n; i++) {
        int k = (int)data[3 * i];
        double r = data[3 * i + 2] - p[k] - p[21] * data[3 * i + 1];
        total += r * r, g[k] -= 2.0 * r, g[21] -= 2.0 * r * data[3 * i + 1];
    }
    memcpy(gradient, g, sizeof g);
    return total;
}
