/* How does one file come over HTTP? See http.h. */
#include "tools/fetch/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fetch/interrupt.h"

#define MAX_REDIRECTS	  5
#define CONNECT_TIMEOUT_S 30L
/* An error page or a redirect's body that is longer than this is not waited for. */
#define MAX_OTHER_BYTES	  (1 << 20)

struct transfer {
	struct fetch *fetch;
	CURL *curl;
	const char *shown; /* for the bar */
	int fd;
	off_t have;	   /* bytes of the file that are there */
	off_t asked;	   /* the first byte that this request is for */
	off_t other;	   /* bytes of something else */
	int write_error;   /* errno of it */
	bool too_large;	   /* more than HTTP_MAX_BYTES */
	bool no_such_part; /* the server's range is not the one that was asked for */
	bool transient;	   /* it may go better the next time */
};

const char *http_ca_bundle(void)
{
	const char *bundle = getenv("CURL_CA_BUNDLE");

	if (!bundle || !*bundle)
		bundle = getenv("SSL_CERT_FILE");
	return bundle && *bundle ? bundle : NULL;
}

/* Does the answer begin where it was asked to? One that ignores the range is taken from its start.
 */
static bool starts_right(struct transfer *t, long status)
{
	struct curl_header *header;
	long long first;

	if (status == 200 && t->asked) {
		t->asked = t->have = 0;
		if (ftruncate(t->fd, 0) < 0)
			t->write_error = errno;
		return !t->write_error;
	}
	if (status == 200)
		return true;
	t->no_such_part = curl_easy_header(t->curl, "Content-Range", 0, CURLH_HEADER, -1,
					   &header) != CURLHE_OK ||
			  sscanf(header->value, "bytes %lld-", &first) != 1 || first != t->asked;
	return !t->no_such_part;
}

static size_t on_body(char *bytes, size_t unit, size_t count, void *context)
{
	struct transfer *t = context;
	size_t size = unit * count, done = 0;
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200 && status != 206) {
		t->other += (off_t)size;
		return t->other > MAX_OTHER_BYTES ? 0 : size;
	}
	if (t->have == t->asked && !starts_right(t, status))
		return 0;
	if (t->have + (off_t)size > HTTP_MAX_BYTES) {
		t->too_large = true;
		return 0;
	}
	while (done < size) {
		ssize_t written = pwrite(t->fd, bytes + done, size - done, t->have);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			t->write_error = errno;
			return 0;
		}
		done += (size_t)written;
		t->have += written;
	}
	return size;
}

static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
		       curl_off_t up)
{
	struct transfer *t = context;

	(void)up_total;
	(void)up;
	(void)now;
	if (t->have > t->asked)
		progress_bytes(&t->fetch->progress, t->shown, (uint64_t)t->have,
			       total > 0 ? (uint64_t)(t->asked + total) : 0);
	return interrupt_signal() != 0;
}

static CURL *new_handle(struct transfer *t, char errors[CURL_ERROR_SIZE])
{
	CURL *curl = curl_easy_init();

	if (!curl)
		return NULL;
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, errors);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "ktstr-fetch/" KTSTR_VERSION);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, t->fetch->stall_s);
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)HTTP_MAX_BYTES);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
	if (http_ca_bundle())
		curl_easy_setopt(curl, CURLOPT_CAINFO, http_ca_bundle());
	return curl;
}

static bool is_transient(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return true;
	default:
		return false;
	}
}

/* What came of one request that is no redirect? */
static int judge(struct transfer *t, const char *url, const char *part, CURLcode code,
		 const char *errors, struct error *err)
{
	const char *reason = *errors ? errors : curl_easy_strerror(code);
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (interrupt_signal())
		return interrupt_check(err);
	if (t->write_error)
		return error_set(err, -t->write_error,
				 "writing '%s' (%lld bytes so far): %s; make room, or name another "
				 "cache in KTSTR_CACHE_DIR",
				 part, (long long)t->have, strerror(t->write_error));
	if (t->too_large || code == CURLE_FILESIZE_EXCEEDED)
		return error_set(err, -EFBIG,
				 "fetching '%s': it is larger than %lld MiB, which no archive of "
				 "sources is; is the URL right?",
				 url, (long long)(HTTP_MAX_BYTES >> 20));
	/* What is there does not fit what the server has: from the beginning. */
	if (t->no_such_part || (status == 416 && t->asked)) {
		t->transient = ftruncate(t->fd, 0) == 0;
		t->have = 0;
		return error_set(err, -EPROTO, "fetching '%s': the server has no such range", url);
	}
	if (status >= 400) {
		t->transient = status == 408 || status == 429 || status >= 500;
		return error_set(err, -EREMOTEIO, "fetching '%s': the server answered %ld%s", url,
				 status,
				 t->transient ? "" : "; is the URL right, and are you allowed to?");
	}
	if (code != CURLE_OK) {
		bool tls = code == CURLE_PEER_FAILED_VERIFICATION ||
			   code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CONNECT_ERROR;

		t->transient = is_transient(code);
		return error_set(err, -EIO, "fetching '%s': %s%s", url, reason,
				 tls ? "; a certificate of your own goes into CURL_CA_BUNDLE, the "
				       "public ones come with the package ca-certificates"
				     : "");
	}
	if (status != 200 && !(status == 206 && t->asked))
		return error_set(err, -EPROTO, "fetching '%s': the server answered %ld, not a file",
				 url, status);
	/* An empty file calls no one back. */
	if (status == 200 && t->asked && t->have == t->asked) {
		t->transient = ftruncate(t->fd, 0) == 0;
		return error_set(err, -EPROTO, "fetching '%s': the server sent an empty file", url);
	}
	return 0;
}

/* One try: a request, and those that its redirects lead to. curl's own way cannot forbid http after
 * https only. */
static int attempt(struct transfer *t, const char *url, const char *part, struct error *err)
{
	char errors[CURL_ERROR_SIZE] = "", range[32], *current = strdup(url), *next;
	int ret = -ENOMEM;

	t->asked = t->have;
	t->other = 0;
	t->no_such_part = false;
	t->transient = false;
	t->curl = new_handle(t, errors);
	if (!t->curl || !current) {
		error_set(err, ret, "fetching '%s': out of memory", url);
		goto out;
	}
	if (t->asked) {
		snprintf(range, sizeof(range), "%lld-", (long long)t->asked);
		curl_easy_setopt(t->curl, CURLOPT_RANGE, range);
	}
	progress_start(&t->fetch->progress, (uint64_t)t->have);
	for (unsigned int hop = 0;; hop++) {
		CURLcode code;

		curl_easy_setopt(t->curl, CURLOPT_URL, current);
		code = curl_easy_perform(t->curl);
		next = NULL;
		curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, &next);
		if (code != CURLE_OK || !next) {
			ret = judge(t, current, part, code, errors, err);
			break;
		}
		if (hop == MAX_REDIRECTS) {
			ret = error_set(err, -ELOOP, "fetching '%s': more than %d redirects", url,
					MAX_REDIRECTS);
			break;
		}
		if (!strncasecmp(current, "https:", 6) && strncasecmp(next, "https:", 6) != 0) {
			ret = error_set(err, -EPERM,
					"fetching '%s': redirected to '%s', which is not https; "
					"that is never followed",
					url, next);
			break;
		}
		next = strdup(next);
		if (!next) {
			ret = error_set(err, -ENOMEM, "fetching '%s': out of memory", url);
			break;
		}
		free(current);
		current = next;
	}
out:
	progress_clear(&t->fetch->progress);
	curl_easy_cleanup(t->curl);
	t->curl = NULL;
	free(current);
	return ret;
}

int http_fetch(struct fetch *fetch, const char *url, int fd, const char *part, bool *resumed,
	       struct error *err)
{
	const char *slash = strrchr(url, '/');
	struct transfer t = { .fetch = fetch, .fd = fd, .shown = slash ? slash + 1 : url };
	struct stat st;
	int ret;

	if (fstat(fd, &st) < 0)
		return error_set(err, -errno, "reading '%s': %s", part, strerror(errno));
	t.have = st.st_size;
	*resumed = false;
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return error_set(err, -ENOMEM, "fetching '%s': libcurl does not start", url);
	for (unsigned int done = 1;; done++) {
		if (t.have)
			progress_step(&fetch->progress, "resuming %s at %.1f MiB", url,
				      (double)t.have / (1 << 20));
		else
			progress_step(&fetch->progress, "fetching %s", url);
		ret = attempt(&t, url, part, err);
		*resumed = t.asked != 0;
		if (!ret || !t.transient)
			break;
		if (done == FETCH_TRIES) {
			ret = error_prefix(err, ret, "given up after %d tries", FETCH_TRIES);
			break;
		}
		ret = fetch_pause(fetch, done, err->text, err);
		if (ret)
			break;
	}
	curl_global_cleanup();
	return ret;
}
