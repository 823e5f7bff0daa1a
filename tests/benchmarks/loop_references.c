/* Derivatives of the programs of loop_programs.py, by hand:
 *
 *     double NAME(const double *p, const double *data, long n, double *results)
 *
 * gives the value and writes the gradient. The reverse pass goes backward over what the forward pass
 * has left in an array. A Hessian and a Jacobian in few parameters are carried forward; 0 is given.
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

double garch_hessian(const double *p, const double *restrict y, long n, double *hessian)
{
    double h = 1.0, d[3] = {0}, dd[3][3] = {{0}}, out[3][3] = {{0}};
    for (long i = 1; i < n; i++) {
        const double own[3] = {1.0, y[i - 1] * y[i - 1], h};
        double r, first, second;
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++)
                dd[j][k] = p[2] * dd[j][k] + (k == 2) * d[j] + (j == 2) * d[k];
        h = p[0] + p[1] * own[1] + p[2] * h;
        for (int j = 0; j < 3; j++)
            d[j] = own[j] + p[2] * d[j];
        r = 1.0 / h;
        first = 0.5 * (r - y[i] * y[i] * r * r);
        second = 0.5 * r * r * (2.0 * y[i] * y[i] * r - 1.0);
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++)
                out[j][k] += second * d[j] * d[k] + first * dd[j][k];
    }
    memcpy(hessian, out, sizeof out);
    return 0.0;
}

double kalman(const double *p, const double *restrict y, long n, double *gradient)
{
    static double (*kept)[5];
    static long size;
    if (size < n)
        kept = realloc(kept, (size = n) * sizeof *kept);
    const double q = p[0], r = p[1], f = p[2];
    double m0 = 0.0, m1 = 0.0, c00 = 1.0, c01 = 0.0, c11 = 1.0, total = 0.0;
    for (long i = 0; i < n; i++) {
        kept[i][0] = m0, kept[i][1] = m1, kept[i][2] = c00, kept[i][3] = c01, kept[i][4] = c11;
        double a0 = f * m0 + m1, a00 = f * f * c00 + 2.0 * f * c01 + c11 + q;
        double a01 = f * c01 + c11, a11 = c11 + q, s = a00 + r, v = y[i] - a0;
        double k0 = a00 / s, k1 = a01 / s;
        m0 = a0 + k0 * v, m1 += k1 * v;
        c00 = a00 - k0 * a00, c01 = a01 - k0 * a01, c11 = a11 - k1 * a01;
        total -= 0.5 * (log(s) + v * v / s);
    }
    double dq = 0.0, dr = 0.0, df = 0.0, dm0 = 0.0, dm1 = 0.0, d00 = 0.0, d01 = 0.0, d11 = 0.0;
    for (long i = n - 1; i >= 0; i--) {
        m0 = kept[i][0], m1 = kept[i][1], c00 = kept[i][2], c01 = kept[i][3], c11 = kept[i][4];
        double a0 = f * m0 + m1, a00 = f * f * c00 + 2.0 * f * c01 + c11 + q;
        double a01 = f * c01 + c11, v = y[i] - a0, inverse = 1.0 / (a00 + r);
        double k0 = a00 * inverse, k1 = a01 * inverse;
        double e0 = dm0 * v - d00 * a00 - d01 * a01, e1 = dm1 * v - d11 * a01;
        double dv = dm0 * k0 + dm1 * k1 - v * inverse;
        double ds = -0.5 * (inverse - v * v * inverse * inverse) - (e0 * k0 + e1 * k1) * inverse;
        double b00 = d00 * (1.0 - k0) + e0 * inverse + ds;
        double b01 = d01 * (1.0 - k0) - d11 * k1 + e1 * inverse, b0 = dm0 - dv;
        dr += ds, dq += b00 + d11;
        df += 2.0 * (f * c00 + c01) * b00 + c01 * b01 + m0 * b0;
        dm0 = f * b0, dm1 += b0;
        d00 = f * f * b00, d01 = 2.0 * f * b00 + f * b01, d11 += b00 + b01;
    }
    gradient[0] = dq, gradient[1] = dr, gradient[2] = df;
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

/* A state with its derivatives by the parameters, and the slope of all of it. */
typedef struct { double s[3], d[3][4]; } tangents;

static tangents moved(const tangents *t, double h, const tangents *k)
{
    tangents out;
    for (int i = 0; i < 3; i++) {
        out.s[i] = t->s[i] + h * k->s[i];
        for (int j = 0; j < 4; j++)
            out.d[i][j] = t->d[i][j] + h * k->d[i][j];
    }
    return out;
}

static tangents slopes(const tangents *t, const double *p)
{
    const double x = t->s[0], y = t->s[1], z = t->s[2];
    tangents k = {{p[0] * (y - x), x * (p[1] - z) - y * p[3], x * y - p[2] * z}, {{0}}};
    for (int j = 0; j < 4; j++) {
        const double dx = t->d[0][j], dy = t->d[1][j], dz = t->d[2][j];
        k.d[0][j] = p[0] * (dy - dx);
        k.d[1][j] = dx * (p[1] - z) - x * dz - p[3] * dy;
        k.d[2][j] = dx * y + x * dy - p[2] * dz;
    }
    k.d[0][0] += y - x, k.d[1][1] += x, k.d[2][2] -= z, k.d[1][3] -= y;
    return k;
}

double residuals(const double *p, const double *data, long n, double *jacobian)
{
    const double h = 0.01;
    tangents t = {{1.0, 1.0, 1.0}, {{0}}};
    for (long i = 0, k = 0; i < n; i++) {
        tangents k1 = slopes(&t, p), t2 = moved(&t, h / 2, &k1), k2 = slopes(&t2, p);
        tangents t3 = moved(&t, h / 2, &k2), k3 = slopes(&t3, p);
        tangents t4 = moved(&t, h, &k3), k4 = slopes(&t4, p);
        t = moved(&t, h / 6, &k1), t = moved(&t, h / 3, &k2);
        t = moved(&t, h / 3, &k3), t = moved(&t, h / 6, &k4);
        if ((i + 1) % (n / 20) == 0) {
            memcpy(jacobian + 4 * k++, t.d[0], sizeof t.d[0]);
            memcpy(jacobian + 4 * k++, t.d[2], sizeof t.d[2]);
        }
    }
    return 0.0;
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
