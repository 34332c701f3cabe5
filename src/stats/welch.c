/* Have two samples of normal variables different means? See welch.h. */
#include "stats/welch.h"

#include <math.h>

#include "stats/beta.h"
#include "stats/sample.h"

bool welch_test(const double *a, size_t nr_a, const double *b, size_t nr_b, struct welch *welch)
{
	double std_a, std_b, error, share_a, share_b, df;

	if (nr_a < 2 || nr_b < 2)
		return false;
	/* The standard errors of both means, and of their difference. */
	std_a = sample_std(a, nr_a) / sqrt((double)nr_a);
	std_b = sample_std(b, nr_b) / sqrt((double)nr_b);
	error = hypot(std_a, std_b);
	if (!(error > 0) || !isfinite(error))
		return false;
	share_a = std_a / error;
	share_b = std_b / error;
	df = 1 / (pow(share_a, 4) / ((double)nr_a - 1) + pow(share_b, 4) / ((double)nr_b - 1));
	welch->freedom = df;
	welch->t = (sample_mean(a, nr_a) - sample_mean(b, nr_b)) / error;
	/* Both tails of Student's t. */
	welch->p = isfinite(welch->t) ? beta_cdf(df / 2, 0.5, df / (df + welch->t * welch->t)) : 0;
	return true;
}
