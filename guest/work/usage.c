/* What can be asked for? --help and --list, from the tables. See report.h. */
#include "report.h"

static const char usage_text[] =
	"Usage: ktstr-work [--for TIME] [--warmup TIME] [--seed N] GROUP... [--check 'EXPR']...\n"
	"       ktstr-work ... --phase TIME GROUP... --phase TIME CHANGE... [--check 'EXPR']...\n"
	"\n"
	"Runs loads of a known shape, measures what the scheduler does with them, and checks it.\n"
	"A GROUP is: --group NAME [OPTION]... KIND [PARAM=VALUE]...\n"
	"\n"
	"  --for TIME       the window that is measured (5s)\n"
	"  --warmup TIME    the load runs so long before it (200ms)\n"
	"  --seed N         of every random choice (1); printed at the end\n"
	"  --rt-app FILE    the tasks of a file of rt-app's JSON, each a group by its name\n"
	"  --check EXPR     GROUP.METRIC OP VALUE, OP one of < <= > >=; or isolated(GROUP);\n"
	"                   PHASE/GROUP in place of GROUP: of that phase alone\n"
	"  --list           the kinds of load with their parameters, and the metrics\n"
	"\n"
	"Options of a group, before or behind its kind:\n"
	"  --tasks N        so many tasks (1)\n"
	"  --threads        threads of one process; else a process each\n"
	"  --cgroup NAME[:weight=1..10000,max=50%|QUOTA/PERIOD,cpus=LIST]\n"
	"                   a new cgroup, removed in the end; groups may share one by its name\n"
	"  --nice N         -20 to 19\n"
	"  --policy WORD    other, batch, idle, fifo:PRIORITY, rr:PRIORITY, ext,\n"
	"                   deadline:RUNTIME/DEADLINE/PERIOD (as the caller has it)\n"
	"  --cpus LIST      where its tasks may run, for one 0-3,8; or each, llc, node, random:\n"
	"                   one CPU, LLC, node each in turn, one CPU each by the seed\n"
	"\n"
	"Phases, one after the other, in place of --for; behind each stands what it begins with:\n"
	"  --phase [NAME:]TIME  so long; its name is its number, where none is given\n"
	"  --group ...      this group comes, and stays\n"
	"  --stop NAME      this group goes, for good\n"
	"  --freeze NAME, --thaw NAME  its tasks stand still (SIGSTOP); go on\n"
	"  --change NAME OPTION...  from now on with these --cpus, --nice, --policy; --cgroup\n"
	"                   moves it into that cgroup, or gives the one where it is other settings\n"
	"\n"
	"Times have a unit: ns us ms s m. Tasks are named GROUP/N; in the 15 bytes that the\n"
	"kernel keeps the group's name is cut at its end, the number is whole.\n"
	"\n"
	"Exit status: 0 all checks hold, 1 one fails, 2 wrong words, or a load that could not be\n"
	"set up or was ended, 3 none fails, but one is inconclusive: too little was seen.\n"
	"\n"
	"Where $KTSTR_METRICS names a file, lines '[PHASE/]GROUP.METRIC VALUE UNIT [lower|higher]'\n"
	"are appended to it. To the file that $KTSTR_WORK_SAYS names goes what came of each check,\n"
	"and why where the status is 1, 2 or 3: so a harness knows it, whatever the script around it\n"
	"makes of it.\n";

void report_help(FILE *out)
{
	fputs(usage_text, out);
}

void report_kinds(FILE *out)
{
	const struct metric *metric;
	const struct kind *kind;
	char value[32];

	fputs("Kinds of load:\n", out);
	for (size_t i = 0; (kind = kind_at(i)); i++) {
		fprintf(out, "  %-10s %s\n", kind->name, kind->help);
		for (size_t j = 0; kind->params[j].name; j++)
			fprintf(out, "    %s=%-9s %s\n", kind->params[j].name,
				word_print(kind->params[j].type, kind->params[j].by_default, value,
					   sizeof(value)),
				kind->params[j].help);
	}
	fputs("\nMetrics of a group:\n", out);
	for (size_t i = 0; (metric = metric_at(i)); i++)
		fprintf(out, "  %-17s %-5s  %s%s\n", metric->name, metric_unit_name(metric->unit),
			metric->help,
			metric->needs & KIND_TELLS_WAKES ? " (kinds that sleep)" : "");
}
