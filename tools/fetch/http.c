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

#define MAX_REDIRECTS	5L
/* An error page that is longer than this is not waited for. */
#define MAX_OTHER_BYTES (1 << 20)

struct transfer {
	struct fetch *fetch;
	CURL *curl;
	const char *shown; /* for the bar */
	int fd;
	off_t have;	    /* bytes of the file that are there */
	off_t asked;	    /* the first byte that this request is for */
	off_t other;	    /* bytes of something else */
	int write_error;    /* errno of it */
	bool too_large;	    /* more than HTTP_MAX_BYTES */
	bool no_such_part;  /* the server's range is not the one that was asked for */
	long connected;	    /* for so many requests: each redirect makes one more */
	unsigned int tries; /* so many are worth it in all, after what went wrong in this one */
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

static int on_connected(void *context, char *server_ip, char *own_ip, int server_port, int own_port)
{
	struct transfer *t = context;

	(void)server_ip;
	(void)own_ip;
	(void)server_port;
	(void)own_port;
	t->connected++;
	return CURL_PREREQFUNC_OK;
}

static CURL *new_handle(struct transfer *t, const char *url, char errors[CURL_ERROR_SIZE])
{
	CURL *curl = curl_easy_init();

	if (!curl)
		return NULL;
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, errors);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "ktstr-fetch/" KTSTR_VERSION);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, t->fetch->connect_s);
	curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(curl, CURLOPT_PREREQDATA, t);
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

/* Did it end before the server, or a proxy, has said a word? */
static bool no_connection(const struct transfer *t, CURLcode code)
{
	long redirects = 0, proxy_status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_COUNT, &redirects);
	curl_easy_getinfo(t->curl, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
	return !proxy_status && t->connected <= redirects &&
	       (code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_RESOLVE_HOST ||
		code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT);
}

static int say_no_connection(const struct transfer *t, const char *url, const char *reason,
			     struct error *err)
{
	return error_set(err, -EHOSTUNREACH,
			 "fetching '%s': no connection within %ld s: %s; is this machine's network "
			 "up, and do https_proxy, http_proxy and no_proxy say the way out? A slow "
			 "network gets more time by KTSTR_FETCH_CONNECT_S",
			 url, t->fetch->connect_s, reason);
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

/* What came of it, where its redirects have led to? */
static int judge(struct transfer *t, const char *part, CURLcode code, const char *errors,
		 struct error *err)
{
	const char *reason = *errors ? errors : curl_easy_strerror(code), *url = "";
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_EFFECTIVE_URL, &url);
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
		t->tries = ftruncate(t->fd, 0) == 0 ? FETCH_TRIES : 1;
		t->have = 0;
		return error_set(err, -EPROTO, "fetching '%s': the server has no such range", url);
	}
	if (status >= 400) {
		bool transient = status == 408 || status == 429 || status >= 500;

		t->tries = transient ? FETCH_TRIES : 1;
		return error_set(err, -EREMOTEIO, "fetching '%s': the server answered %ld%s", url,
				 status,
				 transient ? "" : "; is the URL right, and are you allowed to?");
	}
	if (no_connection(t, code)) {
		t->tries = FETCH_CONNECT_TRIES;
		return say_no_connection(t, url, reason, err);
	}
	if (code == CURLE_UNSUPPORTED_PROTOCOL)
		return error_set(err, -EPERM,
				 "fetching: redirected to '%s', which is refused: from https only "
				 "https is followed, from http both",
				 url);
	if (code != CURLE_OK) {
		bool tls = code == CURLE_PEER_FAILED_VERIFICATION ||
			   code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CONNECT_ERROR;

		t->tries = is_transient(code) ? FETCH_TRIES : 1;
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
		t->tries = ftruncate(t->fd, 0) == 0 ? FETCH_TRIES : 1;
		return error_set(err, -EPROTO, "fetching '%s': the server sent an empty file", url);
	}
	return 0;
}

/* One try: a request, and those that its redirects lead to. */
static int attempt(struct transfer *t, const char *url, const char *part, struct error *err)
{
	char errors[CURL_ERROR_SIZE] = "", range[32];
	bool https = !strncasecmp(url, "https:", 6);
	CURLcode code;
	int ret;

	t->asked = t->have;
	t->other = 0;
	t->no_such_part = false;
	t->connected = 0;
	t->tries = 1;
	t->curl = new_handle(t, url, errors);
	if (!t->curl)
		return error_set(err, -ENOMEM, "fetching '%s': out of memory", url);
	curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(t->curl, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
	curl_easy_setopt(t->curl, CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : "http,https");
	if (t->asked) {
		snprintf(range, sizeof(range), "%lld-", (long long)t->asked);
		curl_easy_setopt(t->curl, CURLOPT_RANGE, range);
	}
	progress_start(&t->fetch->progress, (uint64_t)t->have);
	code = curl_easy_perform(t->curl);
	progress_clear(&t->fetch->progress);
	ret = judge(t, part, code, errors, err);
	curl_easy_cleanup(t->curl);
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
		if (!ret)
			break;
		ret = fetch_again(fetch, done, t.tries, ret, err);
		if (ret)
			break;
	}
	curl_global_cleanup();
	return ret;
}

int http_reach(struct fetch *fetch, const char *url, const char *proxy, struct error *err)
{
	struct transfer t = { .fetch = fetch, .fd = -1 };
	char errors[CURL_ERROR_SIZE] = "";
	CURLcode code;
	int ret;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return error_set(err, -ENOMEM, "fetching '%s': libcurl does not start", url);
	t.curl = new_handle(&t, url, errors);
	if (!t.curl) {
		ret = error_set(err, -ENOMEM, "fetching '%s': out of memory", url);
		goto out;
	}
	curl_easy_setopt(t.curl, CURLOPT_CONNECT_ONLY, 1L);
	if (proxy)
		curl_easy_setopt(t.curl, CURLOPT_PROXY, proxy);
	code = curl_easy_perform(t.curl);
	ret = interrupt_check(err);
	if (!ret && no_connection(&t, code))
		ret = say_no_connection(&t, url, *errors ? errors : curl_easy_strerror(code), err);
	curl_easy_cleanup(t.curl);
out:
	curl_global_cleanup();
	return ret;
}
