/* What has been told of each side? See side_records.h. */
#include "suite/side_records.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int open_side(struct side_record *record, unsigned int planned, const char *file,
		     struct error *err)
{
	const struct sinks_wish wish = { .json = file };
	int ret;

	record->counts.planned = planned;
	record->out = open_memstream(&record->text, &record->size);
	if (!record->out)
		return error_set(err, -ENOMEM, "out of memory");
	ret = suite_begin(&record->lines, &suite_json, record->out, planned, err);
	return ret ? ret : sinks_open(&record->sinks, &wish, planned, NULL, err);
}

int side_records_open(struct side_records *records, const struct side sides[2], const char *file_a,
		      const char *file_b, struct error *err)
{
	size_t count_a = sides[0].variants.count, count_b = sides[1].variants.count;
	int ret;

	records->counted = calloc((count_a > count_b ? count_a : count_b) + 1, 1);
	if (!records->counted)
		return error_set(err, -ENOMEM, "out of memory");
	ret = open_side(&records->list[0], (unsigned int)count_a, file_a, err);
	return ret ? ret : open_side(&records->list[1], (unsigned int)count_b, file_b, err);
}

static bool has_told(enum outcome_kind outcome)
{
	return outcome_is_bad(outcome) ? outcome != OUTCOME_ERROR && outcome != OUTCOME_INCONCLUSIVE
				       : outcome == OUTCOME_PASS || outcome == OUTCOME_XFAIL;
}

void side_records_add(struct side_records *records, int side, size_t variant,
		      const struct suite_result *result)
{
	struct side_record *record = &records->list[side];
	struct error err = { "" };

	suite_count(&record->counts, result->outcome);
	if (has_told(result->outcome))
		records->counted[variant] |= 1u << side;
	sinks_add(&record->sinks, result);
	if (suite_add(&record->lines, result, &err))
		records->failed = "out of memory for the results";
}

int side_records_end(struct side_records *records, double seconds, bool interrupted,
		     struct results results[2], void (*complain)(const char *line),
		     struct error *err)
{
	int ret = 0;

	for (size_t i = 0; i < 2; i++) {
		struct side_record *record = &records->list[i];

		if (sinks_end(&record->sinks, &record->counts, seconds, interrupted, complain))
			records->incomplete = true;
		if (!ret)
			ret = suite_end(&record->lines, &record->counts, seconds, interrupted, err);
		if (!ret)
			ret = results_parse(record->text, record->size, &results[i], err);
	}
	if (!ret && records->failed)
		ret = error_set(err, -EIO, "%s", records->failed);
	return ret;
}

/* What is known of too few variants is no result. */
static bool lacks_some(const struct suite_counts *counts)
{
	return counts->error || counts->inconclusive || suite_not_run(counts);
}

static void complain_of(const char *name, char side, void (*complain)(const char *line))
{
	char line[640];

	snprintf(line, sizeof(line),
		 "%s: no run on side %c has passed or failed, and so it is not compared", name,
		 side);
	complain(line);
}

/*
 * Has each variant, in its rounds, something on both sides? One that is skipped on both, say for
 * the host's size, is not asked about, unless there is no other.
 */
static bool lacks_a_side(const struct side_records *records, const struct variants *variants,
			 void (*complain)(const char *line))
{
	bool lacks = false, any = false;

	for (size_t i = 0, next; i < variants->count; i = next) {
		const char *name = variants->list[i].name;
		unsigned int sides = 0;

		for (next = i; next < variants->count && !strcmp(variants->list[next].name, name);
		     next++)
			sides |= records->counted[next];
		any |= sides;
		if (sides == 1 || sides == 2)
			complain_of(name, "?BA"[sides], complain);
		lacks |= sides == 1 || sides == 2;
	}
	if (!any)
		complain("no test has passed or failed on either side");
	return lacks || !any;
}

bool side_records_lack(const struct side_records *records, const struct variants *variants,
		       void (*complain)(const char *line))
{
	bool lacks = lacks_a_side(records, variants, complain);

	return lacks || lacks_some(&records->list[0].counts) ||
	       lacks_some(&records->list[1].counts);
}

void side_records_destroy(struct side_records *records)
{
	for (size_t i = 0; i < 2; i++) {
		struct side_record *record = &records->list[i];

		suite_abandon(&record->lines);
		sinks_abandon(&record->sinks);
		if (record->out)
			fclose(record->out);
		free(record->text);
	}
	free(records->counted);
	*records = (struct side_records){ .counted = NULL };
}
