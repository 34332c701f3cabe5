#!/usr/bin/env bats
# Does a payload have in the guest what it has on the host: names, libraries, interpreters, a CPU?

load helper

# compile NAME FLAG... <SOURCE: into the test's folder
compile()
{
	command -v cc >/dev/null || skip "no C compiler on this machine"
	cc -o "$BATS_TEST_TMPDIR/$1" -x c - "${@:2}" -pthread
}

@test "names resolve, threads end: in one guest, for programs of glibc and of busybox" {
	compile ends <<-'END'
		#include <pthread.h>
		#include <stdio.h>
		static void *end(void *x) { pthread_exit(x); }
		int main(void) {
			pthread_t thread;
			void *x = NULL;

			pthread_create(&thread, NULL, end, &thread);
			pthread_join(thread, &x);
			puts(x == &thread ? "thread ended" : "thread lost");
			pthread_exit(NULL);
		}
	END
	compile names <<-'END'
		#include <grp.h>
		#include <netdb.h>
		#include <pwd.h>
		#include <stdio.h>
		int main(void) {
			struct addrinfo *found;

			printf("uid 65534 is %s\n", getpwuid(65534)->pw_name);
			printf("gid 0 is %s\n", getgrgid(0)->gr_name);
			printf("localhost: %d\n", getaddrinfo("localhost", NULL, NULL, &found));
			printf("ktstr: %d\n", getaddrinfo("ktstr", NULL, NULL, &found));
		}
	END
	cat >"$BATS_TEST_TMPDIR/all.sh" <<-'END'
		#!/bin/sh
		echo "I am $(id -un)"
		su nobody -s /bin/sh -c id
		ping -c 1 -W 5 localhost
		"${0%/*}/ends"
		"${0%/*}/names"
	END
	chmod +x "$BATS_TEST_TMPDIR/all.sh"
	boot --topology 1n1l1c1t --memory 512 --include "$BATS_TEST_TMPDIR/ends" \
		--include "$BATS_TEST_TMPDIR/names" -- ./all.sh
	assert_status 0
	in_stdout '^I am root$' '^uid=65534\(nobody\) gid=65534\(nogroup\)' '1 packets received' \
		'^thread ended$' '^uid 65534 is nobody$' '^gid 0 is root$' '^localhost: 0$' '^ktstr: 0$'
}

@test "a program for newer CPUs than KVM offers is refused before anything boots" {
	grep -qw avx2 /proc/cpuinfo && skip "this machine's CPU is an x86-64-v3"
	compile new -Wl,-z,x86-64-v3 <<-'END'
		int main(void) { return 0; }
	END
	boot --topology 1n1l1c1t --memory 512 -- true
	boot --topology 1n1l1c1t --memory 512 -- ./new
	assert_status 125
	assert_output "/new' is built for CPUs of x86-64-v3 or newer, and this host's KVM does not offer .*AVX2"
	refute_output booting forking
	# That is the program's fault: the machine that is kept for other runs stays.
	boot --topology 1n1l1c1t --memory 512 -- true
	assert_status 0
	[[ ${KTSTR_FRESH-} ]] || assert_output '^ktstr-launch: forking '
}
