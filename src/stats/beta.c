/* How much of a beta distribution lies below a point? See beta.h. */
#include "stats/beta.h"

#include <math.h>

/* Some multiple of sqrt(max(a, b)) is needed. */
#define MAX_STEPS 10000
#define PRECISION 1e-15
/* Stands in for a 0 that would be divided by. */
#define TINY	  1e-300
/* Halvings of 1 until doubles go no further. */
#define HALVINGS  1100

/* 1 / (1 + d1 / (1 + d2 / ...)), by Lentz's method as Thompson and Barnett changed it. */
static double fraction(double a, double b, double x)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), result;

	d = 1 / (fabs(d) < TINY ? TINY : d);
	result = d;
	for (int m = 1; m <= MAX_STEPS; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		result *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		result *= d * c;
		if (fabs(d * c - 1) < PRECISION)
			break;
	}
	return result;
}

static double log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

double beta_cdf(double a, double b, double x)
{
	double front;

	if (x <= 0 || x >= 1)
		return x >= 1;
	front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
	/* The fraction converges fast on this side of the mean. */
	if (x < (a + 1) / (a + b + 2))
		return front * fraction(a, b, x) / a;
	return 1 - front * fraction(b, a, 1 - x) / b;
}

double beta_quantile(double a, double b, double share)
{
	double low = 0, high = 1;

	for (int i = 0; i < HALVINGS; i++) {
		double middle = low + (high - low) / 2;

		if (middle <= low || middle >= high)
			break;
		if (beta_cdf(a, b, middle) < share)
			low = middle;
		else
			high = middle;
	}
	return low + (high - low) / 2;
}
