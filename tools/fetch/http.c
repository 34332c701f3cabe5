/* How does one file come from a server, or from another folder? See http.h. */
#include "tools/fetch/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "util/file.h"

#define MAX_REDIRECTS 5L
#define TRIES	      5
/* When no connection comes about: nothing tells a slow network from one that drops all. */
#define CONNECT_TRIES 2

struct transfer {
	struct run *run;
	CURL *curl;
	const char *name; /* for the line that moves */
	int fd;
	int write_error; /* 0 or -errno */
	bool too_large;
};

static size_t on_body(char *bytes, size_t unit, size_t count, void *context)
{
	struct transfer *t = context;

	t->write_error = file_write_all(t->fd, bytes, unit * count);
	return t->write_error ? 0 : unit * count;
}

static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
		       curl_off_t up)
{
	struct transfer *t = context;

	(void)up_total;
	(void)up;
	if (now && total)
		progress_show(&t->run->progress, "%s %3d %%  %.1f of %.1f MiB", t->name,
			      (int)(now * 100 / total), (double)now / (1 << 20),
			      (double)total / (1 << 20));
	else if (now)
		progress_show(&t->run->progress, "%s  %.1f MiB", t->name, (double)now / (1 << 20));
	t->too_large = now > HTTP_MAX_BYTES;
	return t->too_large || run_signal();
}

static void set_up(struct transfer *t, const char *url, char errors[CURL_ERROR_SIZE])
{
	bool https = !strncasecmp(url, "https:", 6);
	CURL *curl = t->curl;

	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, errors);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "ktstr-fetch/" KTSTR_VERSION);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, t->run->offline ? "file" : "https,http,file");
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : "http,https");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, t->run->connect_s);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, t->run->stall_s);
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)HTTP_MAX_BYTES);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
	if (t->run->ca_bundle)
		curl_easy_setopt(curl, CURLOPT_CAINFO, t->run->ca_bundle);
}

/* What came of one try, where its redirects have led to? *@tries: so many are worth it in all. */
static int judge(const struct transfer *t, CURLcode code, const char *errors, unsigned int *tries,
		 struct error *err)
{
	const char *reason = *errors ? errors : curl_easy_strerror(code), *url = "", *advice = "";
	curl_off_t connected = 0;
	long status = 0;

	*tries = 1;
	curl_easy_getinfo(t->curl, CURLINFO_EFFECTIVE_URL, &url);
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->curl, CURLINFO_PRETRANSFER_TIME_T, &connected);
	if (run_signal())
		return run_check(err);
	if (code == CURLE_OK)
		return 0;
	if (t->run->offline && code == CURLE_UNSUPPORTED_PROTOCOL)
		return error_set(err, -ENETUNREACH, "that would need the network");
	if (t->write_error)
		return error_set(err, t->write_error,
				 "fetching '%s': writing what comes: %s; make room, or name "
				 "another cache in KTSTR_CACHE_DIR",
				 url, strerror(-t->write_error));
	if (t->too_large || code == CURLE_FILESIZE_EXCEEDED)
		return error_set(err, -EFBIG,
				 "fetching '%s': it is larger than %lld MiB, which no archive of "
				 "sources is; is the URL right?",
				 url, (long long)(HTTP_MAX_BYTES >> 20));
	switch (code) {
	case CURLE_HTTP_RETURNED_ERROR:
		if (status == 408 || status == 429 || status >= 500)
			*tries = TRIES;
		else
			advice = "; is the URL right, and are you allowed to?";
		return error_set(err, -EREMOTEIO, "fetching '%s': the server answered %ld%s", url,
				 status, advice);
	case CURLE_UNSUPPORTED_PROTOCOL:
		return error_set(err, -EPERM,
				 "fetching: redirected to '%s', which is refused: from https only "
				 "https is followed, from http both",
				 url);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		advice = "; a certificate of your own goes into CURL_CA_BUNDLE, the public ones "
			 "come with the package ca-certificates";
		break;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
		*tries = connected ? TRIES : CONNECT_TRIES;
		if (!connected)
			advice = "; is this machine's network up, and do https_proxy, http_proxy "
				 "and no_proxy say the way out? A slow network gets more time by "
				 "KTSTR_FETCH_CONNECT_S";
		break;
	case CURLE_FILE_COULDNT_READ_FILE:
	case CURLE_URL_MALFORMAT:
	case CURLE_TOO_MANY_REDIRECTS:
		break;
	default:
		*tries = TRIES;
	}
	return error_set(err, -EIO, "fetching '%s': %s%s", url, reason, advice);
}

static int attempt(struct transfer *t, const char *url, unsigned int *tries, struct error *err)
{
	char errors[CURL_ERROR_SIZE] = "";
	CURLcode code;

	*tries = 1;
	if (ftruncate(t->fd, 0) < 0 || lseek(t->fd, 0, SEEK_SET) < 0)
		return error_set(err, -errno, "fetching '%s': emptying its file: %s", url,
				 strerror(errno));
	set_up(t, url, errors);
	code = curl_easy_perform(t->curl);
	progress_clear(&t->run->progress);
	return judge(t, code, errors, tries, err);
}

int http_fetch(struct run *run, const char *url, int fd, struct error *err)
{
	const char *slash = strrchr(url, '/');
	struct transfer t = { .run = run, .fd = fd, .name = slash ? slash + 1 : url };
	unsigned int done = 0, tries;
	int ret;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(t.curl = curl_easy_init()))
		return error_set(err, -ENOMEM, "fetching '%s': libcurl does not start", url);
	if (!run->offline)
		progress_say(&run->progress, "fetching %s", url);
	do {
		ret = attempt(&t, url, &tries, err);
	} while (ret && !(ret = run_again(run, ++done, tries, ret, err)));
	curl_easy_cleanup(t.curl);
	curl_global_cleanup();
	return ret;
}
