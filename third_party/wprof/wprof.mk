# wprof from its pinned source: fetched and verified (tools/fetch), compiled without cargo (build).
# The variants of the launcher share one.

# What is fetched, and what else may be said about it.
WPROF_LOCK ?= third_party/wprof/sources.lock
# Fetch this instead of the lock's URL: an archive of `make wprof-archive`, or git+...
WPROF_URL ?=
# The archive's digest, where the lock has none
WPROF_SHA256 ?=
# 1: open no socket, take it from the cache
WPROF_OFFLINE ?=
# A real cargo, to build upstream's Rust parts instead of our stand-ins
WPROF_CARGO ?=
# Which clang makes BPF code; default: the newest that is found
WPROF_CLANG ?=
WPROF_CC ?= gcc
WPROF_BUILD ?= $(BUILD)/wprof

wprof_lock = $(if $(wildcard $(WPROF_LOCK)),$(shell awk -v key=$(1) '$$1 == key { print $$2 }' \
	$(WPROF_LOCK)),$(error WPROF_LOCK=$(WPROF_LOCK): there is no such file))
wprof_url = $(or $(WPROF_URL),$(call wprof_lock,url))
wprof_sha256 = $(filter-out unknown,$(or $(WPROF_SHA256),$(call wprof_lock,archive-sha256)))
wprof_pin = $(if $(filter git+%,$(wprof_url)),--commit $(call wprof_lock,commit),$(if \
	$(wprof_sha256),--sha256 $(wprof_sha256),--no-digest))
wprof_tree = $(patsubst %,--tree-sha256 %,$(filter-out unknown,$(call wprof_lock,tree-sha256)))
wprof_get = $(FETCH) get $(wprof_pin) $(wprof_tree) $(if $(WPROF_OFFLINE),--offline) '$(wprof_url)'
wprof_version = $(call wprof_lock,version) $(shell printf %.7s $(call wprof_lock,commit))
# What the source is, wherever it comes from.
wprof_identity = $(or $(wprof_tree),$(wprof_pin)) $(call wprof_lock,commit)
wprof_build = CC='$(WPROF_CC)' third_party/wprof/build --work $(WPROF_BUILD)/work \
	--out $(WPROF_BUILD)/wprof --identity '$(wprof_identity)' \
	$(if $(WPROF_CARGO),--cargo '$(WPROF_CARGO)') $(if $(WPROF_CLANG),--clang '$(WPROF_CLANG)')
wprof_recipe := third_party/wprof/build third_party/wprof/cargo \
	$(sort $(wildcard third_party/wprof/symbolize/*))

wprof_refuse = $(if $(findstring --no-digest,$(wprof_pin)),$(call refuse,WPROF_URL=$(WPROF_URL): the \
	digest of this archive is not recorded in $(WPROF_LOCK): give it as WPROF_SHA256= (make \
	wprof-archive printed it)))

$(WPROF_BUILD)/inputs.stamp: FORCE
	$(call stamp,$(wprof_identity) $(WPROF_CC) $(WPROF_CLANG) $(WPROF_CARGO))

$(WPROF_BUILD)/wprof: $(WPROF_BUILD)/inputs.stamp $(wprof_recipe) | $(FETCH)
	$(wprof_refuse)
	$(Q)$(wprof_build) -- $(wprof_get)

# WPROF=auto: the source if that can be had, else the built-in tracer, and no silence about it. Looked
# at each time; what was found stands until something that it depends on changes.
$(WPROF_BUILD)/auto.choice: FORCE $(FETCH)
	+$(Q)MAKE='$(MAKE)' BUILD_WPROF="$(wprof_build)" third_party/wprof/auto $(WPROF_BUILD)/wprof $@ \
		$(call quote,$(wprof_identity) $(WPROF_URL) $(WPROF_OFFLINE) $(WPROF_CC) $(WPROF_CLANG) \
		$(WPROF_CARGO)) $(wprof_recipe)

$(BUILD)/auto/wprof: $(WPROF_BUILD)/auto.choice $(BUILD)/guest/wprof
	@mkdir -p $(@D)
	@if [ "$$(head -n 1 $<)" = source ]; then \
		echo '$(wprof_version)' >$(@D)/version; cp $(WPROF_BUILD)/wprof $@; \
	else \
		echo '$(VERSION)' >$(@D)/version; cp $(BUILD)/guest/wprof $@; \
	fi; head -n 1 $< >$(@D)/provider

WPROF_ARCHIVE ?= $(BUILD)/wprof-$(lastword $(wprof_version)).tar.gz

wprof-archive: | $(FETCH) ## write the pinned source as one archive, for a mirror
	$(wprof_refuse)
	$(Q)third_party/wprof/archive $(WPROF_ARCHIVE) $(FETCH) -- $(wprof_get)

# What no test can do where upstream is out of reach.
wprof-selftest: ## fetch wprof, compile it, record 100 ms in a VM: for a machine with a network
	$(Q)tools/packages build wprof lab
	$(Q)$(MAKE) --no-print-directory $(jobs) WPROF=source all
	$(Q)BUILD=$(BUILD) tools/wprof-selftest

.PHONY: wprof-archive wprof-selftest
