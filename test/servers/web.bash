# A real web server for tests, Debian's apache2-bin: files and git's smart HTTP on 127.0.0.1, plain and
# with TLS. Sourced by bats files.

# git_as_us ARGS...: git with a name, and submodules from folders.
git_as_us()
{
	git -c protocol.file.allow=always -c user.name=t -c user.email=t@example.org \
		-c commit.gpgsign=false "$@"
}

# web_free_ports: two.
web_free_ports()
{
	python3 -c 'import socket
s = [socket.socket() for _ in range(2)]
[x.bind(("127.0.0.1", 0)) for x in s]
print(*[x.getsockname()[1] for x in s])'
}

# web_wait COMMAND...: until it succeeds, at most two minutes, for a machine that is very busy.
web_wait()
{
	local i

	for ((i = 0; i < 1200; i++)); do
		! "$@" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

# apache_conf FOLDER HTTP_PORT HTTPS_PORT: on stdout. FOLDER holds www/, git/, cert.pem, key.pem.
apache_conf()
{
	local dir=$1 modules=/usr/lib/apache2/modules name

	echo "ServerRoot $dir"
	for name in mpm_event authz_core unixd mime alias env cgid ssl socache_shmcb log_config; do
		# Some are built in, some are not there as a file for that reason.
		[[ ! -e $modules/mod_$name.so ]] || echo "LoadModule ${name}_module $modules/mod_$name.so"
	done
	cat <<-END
		ServerName 127.0.0.1
		PidFile $dir/apache.pid
		DefaultRuntimeDir $dir
		ScriptSock $dir/cgid.sock
		ErrorLog $dir/error.log
		LogFormat "%m %U%q %>s" plain
		CustomLog $dir/access.log plain
		TypesConfig /dev/null
		StartServers 1
		ThreadsPerChild 32
		MaxRequestWorkers 64
		Listen 127.0.0.1:$2
		Listen 127.0.0.1:$3
		DocumentRoot $dir/www
		SetEnv GIT_PROJECT_ROOT $dir/git
		SetEnv GIT_HTTP_EXPORT_ALL 1
		ScriptAlias /git/ /usr/lib/git-core/git-http-backend/
		<Directory />
			Require all granted
		</Directory>
		<VirtualHost 127.0.0.1:$3>
			SSLEngine on
			SSLCertificateFile $dir/cert.pem
			SSLCertificateKeyFile $dir/key.pem
		</VirtualHost>
	END
	if ((EUID == 0)); then
		printf 'User www-data\nGroup www-data\n'
	fi
}

# web_start FOLDER: serves its www/ and git/ (as /git/), with a certificate made for it. Exports the
# addresses as URL and SURL, and the certificate as CURL_CA_BUNDLE.
web_start()
{
	local dir=$1 plain tls

	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
		-keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
	# The server's user has to reach it, and git serves only what is that user's own.
	chmod -R a+rX "$dir"
	((EUID)) || chown -R www-data "$dir/git"
	read -r plain tls < <(web_free_ports)
	apache_conf "$dir" "$plain" "$tls" >"$dir/apache.conf"
	/usr/sbin/apache2 -f "$dir/apache.conf" -k start 3>&- || cat "$dir/error.log"
	web_wait test -s "$dir/apache.pid"
	export URL=http://127.0.0.1:$plain SURL=https://127.0.0.1:$tls CURL_CA_BUNDLE=$dir/cert.pem
}

web_stop()
{
	[[ ! -s $1/apache.pid ]] || kill "$(<"$1/apache.pid")" || :
	web_wait test ! -e "$1/apache.pid" || :
}
