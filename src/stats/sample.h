/* What are some numbers' mean, spread and median? */
#ifndef KTSTR_STATS_SAMPLE_H
#define KTSTR_STATS_SAMPLE_H

#include <stddef.h>

/* All finite; NAN where there are too few: none, for std fewer than two. */
double sample_mean(const double *values, size_t count);
/* Of a sample: by count - 1. In the values' unit. */
double sample_std(const double *values, size_t count);
/* Sorts @values. Of an even count the mean of both in the middle. */
double sample_median(double *values, size_t count);

#endif
