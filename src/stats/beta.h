/*
 * How much of a beta distribution lies below a point? The regularised incomplete beta function, on
 * which Student's t and the binomial distribution stand.
 */
#ifndef KTSTR_STATS_BETA_H
#define KTSTR_STATS_BETA_H

/*
 * beta_cdf - I_x(a, b), from 0 to 1
 * @a, @b: above 0; @x: from 0 to 1
 * By its continued fraction (Digital Library of Mathematical Functions, 8.17.22), with a relative
 * error of about 1e-12 for a and b up to some 10,000.
 */
double beta_cdf(double a, double b, double x);

/* beta_quantile - the x below which @share, from 0 to 1, of the distribution lies */
double beta_quantile(double a, double b, double share);

#endif
