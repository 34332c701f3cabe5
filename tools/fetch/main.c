/* What does the build download, and is it what was wanted? Build tool; `fetch --help`. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "tools/fetch/get.h"
#include "tools/fetch/tree.h"

#define STATUS_FAILED	    1
#define STATUS_USAGE	    2
#define STATUS_OTHER_DIGEST 3

static const char usage[] =
	"Usage: fetch get --into DIR (--commit ID | --sha256 HEX) [OPTIONS] URL\n"
	"       fetch tree DIR\n"
	"       fetch pack DIR OUT.tar.gz --prefix NAME\n"
	"\n"
	"get    puts the source at URL into the new folder DIR, checked, whole or not at all.\n"
	"tree   prints the digest of a folder: SHA-256 of Nix's archive form, sha256-BASE64.\n"
	"pack   makes a tar.gz file that is the same wherever it is made (without .git), and\n"
	"       prints its SHA-256.\n"
	"\n"
	"  --into DIR         the folder to make\n"
	"  --commit ID        git+https://, git+http://, git+file://: the commit, 40 digits\n"
	"  --sha256 HEX       https://, http://, file://: the archive's SHA-256, 64 digits;\n"
	"                     tar with gzip, xz, zstd, bzip2 or no compression, one top folder\n"
	"  --tree-sha256 SRI  the folder's digest has to be this one, as `tree` prints it; without it\n"
	"                     one line tells what it is\n"
	"  --offline          use no network: the cache and file: only\n"
	"  --quiet            print errors only\n"
	"  --prefix NAME      pack: the archive's top folder\n"
	"\n"
	"What was fetched is kept in $KTSTR_CACHE_DIR/fetch, else $XDG_CACHE_HOME/ktstr/fetch,\n"
	"else ~/.cache/ktstr/fetch; with KTSTR_CACHE_DIR= (empty) nothing is.\n"
	"CURL_CA_BUNDLE, else SSL_CERT_FILE: the certificates to trust, of archives and git; for\n"
	"git, its own GIT_SSL_CAINFO wins over both. https_proxy, http_proxy, no_proxy: as of curl;\n"
	"for git, its own http.proxy wins.\n"
	"KTSTR_FETCH_CONNECT_S (15): seconds until a connection that does not come about is given up;\n"
	"of git, until the first word of the server.\n"
	"KTSTR_FETCH_STALL_S (30): seconds without a byte until a connection is given up.\n"
	"KTSTR_FETCH_BACKOFF_MS (1000): the wait before the second try, doubled each time.\n"
	"Exit status: 0 done, 1 not possible, 2 wrong usage, 3 another digest, 128+N signal N.\n";

struct options {
	const char *into, *commit, *sha256, *tree_sha256, *prefix;
	bool offline, quiet;
	char **operands;
	int operand_count;
};

static int wrong_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int wrong_usage(const char *fmt, ...)
{
	va_list ap;

	fputs("fetch: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("; see fetch --help\n", stderr);
	return STATUS_USAGE;
}

static bool is_git(const char *url)
{
	return !strncmp(url, "git+", 4);
}

static bool has_scheme(const char *url)
{
	static const char *const schemes[] = { "https://", "http://", "file://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		if (!strncasecmp(url, schemes[i], strlen(schemes[i])))
			return true;
	}
	return false;
}

static bool read_number(const char *name, long least, long most, long *value)
{
	const char *text = getenv(name);
	char *end;

	if (!text || !*text)
		return true;
	errno = 0;
	*value = strtol(text, &end, 10);
	return !errno && !*end && *value >= least && *value <= most;
}

static int check_get(const struct options *options)
{
	const char *url = options->operands[0];

	if (options->operand_count != 1)
		return wrong_usage("get: one URL is needed");
	if (!has_scheme(is_git(url) ? url + strlen("git+") : url))
		return wrong_usage("URL '%s': it begins with none of https:// http:// file:// "
				   "git+https:// git+http:// git+file://",
				   url);
	if (!options->into || !*options->into)
		return wrong_usage("get: --into DIR is needed");
	if (is_git(url) && (options->sha256 || !options->commit))
		return wrong_usage("URL '%s': of git, name the commit by --commit ID (--sha256 is "
				   "for archives), and its content by --tree-sha256 SRI",
				   url);
	if (!is_git(url) && (options->commit || !options->sha256))
		return wrong_usage("URL '%s': of an archive, give --sha256 HEX (--commit is for "
				   "git, whose URLs begin with git+)",
				   url);
	if (options->commit && !digest_is_hex(options->commit, 40))
		return wrong_usage("--commit '%s': not 40 digits of 0-9 a-f", options->commit);
	if (options->sha256 && !digest_is_hex(options->sha256, 64))
		return wrong_usage("--sha256 '%s': not 64 digits of 0-9 a-f", options->sha256);
	if (options->tree_sha256 && !digest_is_sri(options->tree_sha256))
		return wrong_usage("--tree-sha256 '%s': not sha256- and 44 characters of base64",
				   options->tree_sha256);
	return 0;
}

static int check_pack(const struct options *options)
{
	if (options->operand_count != 2)
		return wrong_usage("pack: DIR and OUT.tar.gz are needed");
	if (!options->prefix || !*options->prefix || strchr(options->prefix, '/') ||
	    !strcmp(options->prefix, ".") || !strcmp(options->prefix, ".."))
		return wrong_usage("pack: --prefix NAME is needed, one name");
	return 0;
}

static int read_options(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "into", required_argument, NULL, 0 },
		{ "commit", required_argument, NULL, 1 },
		{ "sha256", required_argument, NULL, 2 },
		{ "tree-sha256", required_argument, NULL, 3 },
		{ "prefix", required_argument, NULL, 4 },
		{ "offline", no_argument, NULL, 'o' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char **values[] = { &options->into, &options->commit, &options->sha256,
				  &options->tree_sha256, &options->prefix };
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == 'o') {
			options->offline = true;
		} else if (option == 'q') {
			options->quiet = true;
		} else if (option == 'h') {
			fputs(usage, stdout);
			exit(0);
		} else if (option == '?') {
			/* getopt has said what is wrong. */
			return STATUS_USAGE;
		} else {
			*values[option] = optarg;
		}
	}
	options->operands = argv + optind;
	options->operand_count = argc - optind;
	return 0;
}

static int get_source(struct run *run, const struct options *options, struct error *err)
{
	const char *url = options->operands[0];
	struct source source = { .url = is_git(url) ? url + strlen("git+") : url,
				 .commit = options->commit,
				 .sha256 = options->sha256,
				 .tree_sha256 = options->tree_sha256 };

	return get(run, &source, options->into, err);
}

/* The command that is named; *@status is not 0 when the command line is wrong. */
static int run_command(struct run *run, const char *command, const struct options *options,
		       int *status, struct error *err)
{
	char digest[DIGEST_SRI_SIZE];
	int ret;

	if (!strcmp(command, "get")) {
		*status = check_get(options);
		return *status ? 0 : get_source(run, options, err);
	}
	if (!strcmp(command, "pack")) {
		*status = check_pack(options);
		return *status ? 0
			       : get_packed(run, options->operands[0], options->operands[1],
					    options->prefix, err);
	}
	if (strcmp(command, "tree") != 0 || options->operand_count != 1) {
		*status = wrong_usage(strcmp(command, "tree") ? "command '%s': not known"
							      : "%s: one DIR is needed",
				      command);
		return 0;
	}
	ret = tree_digest(options->operands[0], digest, err);
	if (!ret)
		puts(digest);
	return ret;
}

/* The certificates that the user's environment names, for archives and for git. */
static const char *ca_bundle(void)
{
	const char *bundle = getenv("CURL_CA_BUNDLE");

	if (!bundle || !*bundle)
		bundle = getenv("SSL_CERT_FILE");
	if (!bundle || !*bundle)
		return NULL;
	/* git's own name for it wins. */
	setenv("GIT_SSL_CAINFO", bundle, 0);
	return bundle;
}

int main(int argc, char **argv)
{
	struct run run = { .connect_s = 15, .stall_s = 30, .backoff_ms = 1000 };
	struct options options = { 0 };
	struct error err = { "" };
	int ret, status;

	status = read_options(argc, argv, &options);
	if (status)
		return status;
	if (!options.operand_count)
		return wrong_usage("a command is needed: get, tree or pack");
	if (!read_number("KTSTR_FETCH_CONNECT_S", 1, 3600, &run.connect_s) ||
	    !read_number("KTSTR_FETCH_STALL_S", 1, 3600, &run.stall_s) ||
	    !read_number("KTSTR_FETCH_BACKOFF_MS", 0, 60000, &run.backoff_ms))
		return wrong_usage("KTSTR_FETCH_CONNECT_S and KTSTR_FETCH_STALL_S are 1 to 3600, "
				   "KTSTR_FETCH_BACKOFF_MS 0 to 60000");
	/* libarchive's names: bytes in, the same bytes out. */
	setlocale(LC_CTYPE, "C.UTF-8");
	run.ca_bundle = ca_bundle();
	run.offline = options.offline;
	run.progress.quiet = options.quiet;
	run.progress.terminal = isatty(STDERR_FILENO);
	run_watch_signals();
	options.operands++;
	options.operand_count--;
	ret = run_command(&run, options.operands[-1], &options, &status, &err);
	if (ret) {
		progress_hide_secrets(err.text);
		fprintf(stderr, "fetch: %s\n", err.text);
	}
	if (run_signal())
		return 128 + run_signal();
	if (ret)
		return ret == -EBADMSG ? STATUS_OTHER_DIGEST : STATUS_FAILED;
	if (fflush(stdout) == EOF) {
		fprintf(stderr, "fetch: writing to stdout: %s\n", strerror(errno));
		return STATUS_FAILED;
	}
	return status;
}
