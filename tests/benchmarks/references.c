/* What one would write by hand: the same computations as the other peers, in C.
 *
 * Compiled twice, by `compiling.py`: as it is, with gcc -O3 -march=native; and with -DSIMD, where
 * loops over rows run in vectors of 8 lanes and call the C library's functions for vectors.
 */
#include <math.h>
#include <string.h>

#ifdef SIMD
#define VECTORS __attribute__((simd("notinbranch")))
VECTORS double exp(double);
VECTORS double log(double);
VECTORS double erf(double);
VECTORS double tanh(double);
#endif

/* -- the 2-2-2 network's loss, and its ten derivatives ------------------------------------------ */

static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

/* p: w1 .. w8, b1, b2. out: the loss, and its derivatives in the same order. */
void network_loss(const double *p, double *out)
{
    const double i1 = 0.02, i2 = 0.04, t1 = 0.5, t2 = 0.9;
    double h1 = sigmoid(p[0] * i1 + p[1] * i2 + p[8]);
    double h2 = sigmoid(p[2] * i1 + p[3] * i2 + p[8]);
    double o1 = sigmoid(p[4] * h1 + p[5] * h2 + p[9]);
    double o2 = sigmoid(p[6] * h1 + p[7] * h2 + p[9]);
    double e1 = o1 - t1, e2 = o2 - t2;
    double d1 = e1 * o1 * (1.0 - o1), d2 = e2 * o2 * (1.0 - o2);
    double g1 = (d1 * p[4] + d2 * p[6]) * h1 * (1.0 - h1);
    double g2 = (d1 * p[5] + d2 * p[7]) * h2 * (1.0 - h2);
    out[0] = 0.5 * e1 * e1 + 0.5 * e2 * e2;
    out[1] = g1 * i1, out[2] = g1 * i2, out[3] = g2 * i1, out[4] = g2 * i2;
    out[5] = d1 * h1, out[6] = d1 * h2, out[7] = d2 * h1, out[8] = d2 * h2;
    out[9] = g1 + g2, out[10] = d1 + d2;
}

/* -- mean squared error of an MLP 2-16-16-1 (tanh, tanh, linear) over rows, and its gradient ----- */

#define WIDTH 16

/* p and gradient: first weights (2 x 16, a row for each input), first biases, second weights
 * (16 x 16), second biases, output weights, output bias. Gives the error. */
enum { A = 0, B = A + 2 * WIDTH, C = B + WIDTH, D = C + WIDTH * WIDTH, E = D + WIDTH,
       F = E + WIDTH, SIZE = F + 1 };

#ifndef SIMD

/* Left to itself, gcc 12 unrolls these loops altogether and then finds no vectors in them. */
#define KEPT _Pragma("GCC unroll 1")

double mlp_gradient(const double *restrict p, const double *restrict points,
                    const double *restrict targets, long count, double *restrict gradient)
{
    double transposed[WIDTH][WIDTH], total = 0.0;
    KEPT for (int j = 0; j < WIDTH; j++)
        KEPT for (int k = 0; k < WIDTH; k++)
            transposed[k][j] = p[C + WIDTH * j + k];
    memset(gradient, 0, SIZE * sizeof *gradient);
    for (long row = 0; row < count; row++) {
        double first[WIDTH], second[WIDTH], back[WIDTH], slope[WIDTH] = {0.0};
        double x = points[2 * row], y = points[2 * row + 1], error = p[F] - targets[row];
        KEPT for (int j = 0; j < WIDTH; j++)
            first[j] = tanh(x * p[A + j] + y * p[A + WIDTH + j] + p[B + j]);
        memcpy(second, p + D, sizeof second);
        KEPT for (int j = 0; j < WIDTH; j++)
            KEPT for (int k = 0; k < WIDTH; k++)
                second[k] += first[j] * p[C + WIDTH * j + k];
        KEPT for (int k = 0; k < WIDTH; k++) {
            second[k] = tanh(second[k]);
            error += second[k] * p[E + k];
        }
        total += error * error;
        error *= 2.0;
        KEPT for (int k = 0; k < WIDTH; k++) {
            gradient[E + k] += error * second[k];
            back[k] = error * p[E + k] * (1.0 - second[k] * second[k]);
            gradient[D + k] += back[k];
        }
        gradient[F] += error;
        KEPT for (int k = 0; k < WIDTH; k++)
            KEPT for (int j = 0; j < WIDTH; j++)
                slope[j] += back[k] * transposed[k][j];
        KEPT for (int j = 0; j < WIDTH; j++)
            KEPT for (int k = 0; k < WIDTH; k++)
                gradient[C + WIDTH * j + k] += back[k] * first[j];
        KEPT for (int j = 0; j < WIDTH; j++) {
            slope[j] *= 1.0 - first[j] * first[j];
            gradient[A + j] += slope[j] * x;
            gradient[A + WIDTH + j] += slope[j] * y;
            gradient[B + j] += slope[j];
        }
    }
    for (int i = 0; i < SIZE; i++)
        gradient[i] /= count;
    return total / count;
}

#else

#define LANES 8
#define VECTOR __attribute__((aligned(64)))
#define ROWS _Pragma("omp simd")

double mlp_gradient(const double *p, const double *points, const double *targets, long count,
                    double *gradient)
{
    static double sums[SIZE][LANES] VECTOR;
    double first[WIDTH][LANES] VECTOR;
    double second[WIDTH][LANES] VECTOR;
    double back[WIDTH][LANES] VECTOR;
    double x[2][LANES] VECTOR;
    double error[LANES] VECTOR, total = 0.0;
    memset(sums, 0, sizeof sums);
    for (long start = 0; start < count; start += LANES) {
        int lanes = count - start < LANES ? (int)(count - start) : LANES;
        for (int l = 0; l < LANES; l++) {
            long row = start + (l < lanes ? l : 0);
            x[0][l] = points[2 * row], x[1][l] = points[2 * row + 1];
        }
        for (int j = 0; j < WIDTH; j++)
            ROWS for (int l = 0; l < LANES; l++)
                first[j][l] = tanh(x[0][l] * p[A + j] + x[1][l] * p[A + WIDTH + j] + p[B + j]);
        for (int k = 0; k < WIDTH; k++)
            ROWS for (int l = 0; l < LANES; l++)
                second[k][l] = p[D + k];
        for (int j = 0; j < WIDTH; j++)
            for (int k = 0; k < WIDTH; k++)
                ROWS for (int l = 0; l < LANES; l++)
                    second[k][l] += first[j][l] * p[C + WIDTH * j + k];
        for (int k = 0; k < WIDTH; k++)
            ROWS for (int l = 0; l < LANES; l++)
                second[k][l] = tanh(second[k][l]);
        for (int l = 0; l < LANES; l++)
            error[l] = p[F];
        for (int k = 0; k < WIDTH; k++)
            ROWS for (int l = 0; l < LANES; l++)
                error[l] += second[k][l] * p[E + k];
        for (int l = 0; l < LANES; l++) {
            error[l] = l < lanes ? error[l] - targets[start + l] : 0.0;
            total += error[l] * error[l];
            error[l] *= 2.0;
            sums[F][l] += error[l];
        }
        for (int k = 0; k < WIDTH; k++)
            ROWS for (int l = 0; l < LANES; l++) {
                double h = second[k][l];
                sums[E + k][l] += error[l] * h;
                back[k][l] = error[l] * p[E + k] * (1.0 - h * h);
                sums[D + k][l] += back[k][l];
            }
        for (int j = 0; j < WIDTH; j++) {
            double slope[LANES] VECTOR = {0.0};
            for (int k = 0; k < WIDTH; k++)
                ROWS for (int l = 0; l < LANES; l++) {
                    sums[C + WIDTH * j + k][l] += back[k][l] * first[j][l];
                    slope[l] += back[k][l] * p[C + WIDTH * j + k];
                }
            ROWS for (int l = 0; l < LANES; l++) {
                double h = first[j][l], d = slope[l] * (1.0 - h * h);
                sums[A + j][l] += d * x[0][l];
                sums[A + WIDTH + j][l] += d * x[1][l];
                sums[B + j][l] += d;
            }
        }
    }
    for (int i = 0; i < SIZE; i++) {
        double sum = 0.0;
        for (int l = 0; l < LANES; l++)
            sum += sums[i][l];
        gradient[i] = sum / count;
    }
    return total / count;
}

#endif

/* -- Black-Scholes: a call's price and five Greeks ----------------------------------------------- */

/* in: spot, strike, time, rate, volatility, `count` of each. out: price, delta, gamma, vega, theta,
 * rho. */
void black_scholes(const double *in, double *out, long count)
{
    const double root_half = 0.70710678118654752440, density = 0.39894228040143267794;
    const double *S = in, *K = S + count, *T = K + count, *R = T + count, *V = R + count;
    double *price = out, *delta = price + count, *gamma = delta + count, *vega = gamma + count,
           *theta = vega + count, *rho = theta + count;
#ifdef SIMD
#pragma omp simd
#endif
    for (long i = 0; i < count; i++) {
        double s = S[i], k = K[i], t = T[i], r = R[i], v = V[i];
        double root = sqrt(t), spread = v * root;
        double d1 = (log(s / k) + (r + 0.5 * v * v) * t) / spread, d2 = d1 - spread;
        double n1 = 0.5 * (1.0 + erf(d1 * root_half)), n2 = 0.5 * (1.0 + erf(d2 * root_half));
        double phi = density * exp(-0.5 * d1 * d1), discounted = k * exp(-r * t);
        price[i] = s * n1 - discounted * n2;
        delta[i] = n1;
        gamma[i] = phi / (s * spread);
        vega[i] = s * phi * root;
        theta[i] = -s * phi * v / (2.0 * root) - r * discounted * n2;
        rho[i] = discounted * t * n2;
    }
}

/* -- the Hessian of Rosenbrock's function, dense -------------------------------------------------- */

void rosenbrock_hessian(const double *x, double *out, long n)
{
    memset(out, 0, n * n * sizeof *out);
    for (long i = 0; i + 1 < n; i++) {
        out[i * n + i] += 1200.0 * x[i] * x[i] - 400.0 * x[i + 1] + 2.0;
        out[i * n + i + 1] = out[(i + 1) * n + i] = -400.0 * x[i];
        out[(i + 1) * n + i + 1] += 200.0;
    }
}
