# The one way in: `make help` lists the targets. Everything is built below $(BUILD).

BUILD ?= build
CC ?= gcc
V ?= 0
# The tracer inside: builtin | prebuilt (with WPROF_BIN=/path) | source | auto
WPROF ?= auto
WPROF_BIN ?=
# The static busybox that is embedded
BUSYBOX ?= /bin/busybox
# none; or address: ASan and UBSan, linked dynamically (`make asan`); or fuzz: libFuzzer's as well
SANITIZE ?= none
FUZZ_SECONDS ?= 10
DESTDIR ?=
prefix ?= /usr/local

# make's own default for CC is cc, which ?= leaves in place
ifeq ($(origin CC),default)
CC := gcc
endif

VERSION := 0.1.0
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	    -Wvla -Wformat=2 -Wundef -Werror
SANITIZE_CFLAGS_address := -fsanitize=address,undefined
SANITIZE_CFLAGS_fuzz := -fsanitize=fuzzer-no-link,address,undefined
SANITIZE_CFLAGS := $(if $(filter-out none,$(SANITIZE)),$(SANITIZE_CFLAGS_$(SANITIZE)) \
		   -fno-sanitize-recover=all -fno-omit-frame-pointer)
COMMON_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DKTSTR_VERSION='"$(VERSION)"' $(WARNINGS) $(CFLAGS) \
		-fno-strict-aliasing -fstack-protector-strong -ffunction-sections -fdata-sections \
		-MMD -MP
ALL_CFLAGS = $(COMMON_CFLAGS) -fPIE $(SANITIZE_CFLAGS) -Isrc -I. -I$(BUILD)

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# $(call stamp,TEXT): the recipe of a file that changes only when TEXT does, so that what depends on
# it is built anew when a variable has another value than in the last make.
stamp = @mkdir -p $(@D); printf '%s\n' $(call quote,$(1)) | cmp -s - $@ || \
	printf '%s\n' $(call quote,$(1)) >$@
quote = '$(subst ','\'',$(1))'

all: $(BUILD)/ktstr-launch ## build the launcher (default)

include tools/packages.mk
include guest/guest.mk
include embed/embed.mk
include src/src.mk
include test/test.mk

# Other variants are built below by the same rules.
asan_make = $(MAKE) --no-print-directory BUILD=$(BUILD)/asan SANITIZE=address
fuzz_make = $(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz SANITIZE=fuzz CC=clang
# All CPUs, where the user said nothing of jobs.
jobs = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

asan: ## build the launcher under ASan and UBSan, in $(BUILD)/asan
	+$(Q)$(asan_make) all

# What installs packages builds in a make of its own, which starts when they are there.
demo: ## install what is needed, then show a failing test and its trace
	$(Q)tools/packages build lab
	$(Q)$(MAKE) --no-print-directory $(jobs) all
	$(Q)BUILD=$(BUILD) tools/demo

bench: all ## time to guest init and memory, beside qemu's
	$(Q)BUILD=$(BUILD) tools/bench

kernels: ## get the stock kernels that the tests boot
	$(Q)tools/kernel-image
	$(Q)tools/kernel-image --flavour generic
	$(Q)tools/kernel-image --vmlinux
	$(Q)tools/kernel-image --series 6.1
	$(Q)tools/kernel-image --series scx
	@# Backports move on: status 2 says that this series is gone from there.
	$(Q)tools/kernel-image --series 6.17 || [ $$? -eq 2 ]

install: all ## install the one binary (DESTDIR, prefix)
	$(Q)install -D -m 0755 $(BUILD)/ktstr-launch $(DESTDIR)$(prefix)/bin/ktstr-launch

lint: ## clang-format, shellcheck, cppcheck
	$(Q)tools/lint

help: ## this list
	$(Q)awk -F':.*## ' '/^[a-z][a-z-]*:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

clean: ## remove what was compiled (kernels and the lab's parts stay)
	$(Q)rm -rf $(addprefix $(BUILD)/,src guest embed tools test asan fuzz ktstr-launch ktstr-launch.debug)

FORCE:
.PHONY: all asan demo bench kernels install lint help clean FORCE
.DELETE_ON_ERROR:
# No built-in rules: none is used, and they cost a second of searching.
MAKEFLAGS += --no-builtin-rules
