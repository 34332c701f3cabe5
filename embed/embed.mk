# Blobs: a file becomes its stored form (compressed where that pays) and its row of the table by
# mkblob, whose texts xxd writes as C, then an object by blob.S. embed.c includes the rows.

MKBLOB := tools/mkblob
EMBED_OBJECTS :=
EMBED_ROWS :=

# $(call blob,NAME,KIND,FILE,FROM,VERSION COMMAND): used by blobs.table only.
# The file is a prerequisite where it is there or is made by us; else mkblob says what is wrong.
define blob
EMBED_OBJECTS += $(BUILD)/embed/$(1).blob.o
EMBED_ROWS += $(BUILD)/embed/$(1).row
$(BUILD)/embed/$(1).stamp: FORCE
	$$(call stamp,$(2) $(3) $(4) $(5))
$(BUILD)/embed/$(1).stored $(BUILD)/embed/$(1).row &: $(MKBLOB) $(BUILD)/embed/$(1).stamp \
		$(if $(filter $(BUILD)/% $(WPROF_BUILD)/%,$(3)),$(3),$(wildcard $(3)))
	$$(call say,BLOB,$(1))
	$$(EMBED_CHECK_$(1))
	@$(MKBLOB) check '$(1)' '$(2)' '$(3)' && version=$$$$($(5)) && $(MKBLOB) '$(1)' '$(2)' '$(3)' "$(4)" "$$$$version" \
		$(BUILD)/embed/$(1).stored $(BUILD)/embed/$(1).row
$(BUILD)/embed/$(1).blob.o: embed/blob.S $(BUILD)/embed/$(1).stored
	$(Q)$(CC) -c -DBLOB_SYMBOL=embed_blob_$(1) \
		-DBLOB_FILE='"$(BUILD)/embed/$(1).stored"' -o $$@ $$<
endef

ifeq ($(WPROF),builtin)
WPROF_FILE := $(BUILD)/guest/wprof
WPROF_FROM := builtin
WPROF_VERSION := echo '$(VERSION)'
else ifeq ($(WPROF),auto)
WPROF_FILE := $(BUILD)/auto/wprof
WPROF_FROM := $$$$(cat $(BUILD)/auto/provider)
WPROF_VERSION := cat $(BUILD)/auto/version
else ifeq ($(WPROF),source)
WPROF_FILE := $(WPROF_BUILD)/wprof
WPROF_FROM := source
WPROF_VERSION = echo '$(wprof_version)'
else ifeq ($(WPROF),prebuilt)
WPROF_FILE := $(WPROF_BIN)
WPROF_FROM := prebuilt
WPROF_VERSION := tools/tracer-version '$(WPROF_BIN)'
EMBED_CHECK_wprof = $(if $(word 2,$(WPROF_BIN)),$(call refuse,WPROF_BIN='$(WPROF_BIN)': make takes no \
	path with a blank in it; give another))$(if $(wildcard $(WPROF_BIN)),,$(call refuse,WPROF=prebuilt needs \
	WPROF_BIN=/path/of/wprof$(if $(WPROF_BIN),; there is no '$(WPROF_BIN)')))
else
WPROF_FILE := none
WPROF_FROM := none
WPROF_VERSION := false
EMBED_CHECK_wprof = $(call refuse,WPROF=$(WPROF) is none of builtin prebuilt source auto)
endif
refuse = @echo $(call quote,$(strip $(1))) >&2; exit 1

ifeq ($(BUSYBOX),/bin/busybox)
BUSYBOX_FROM := debian
BUSYBOX_VERSION := dpkg-query -W busybox-static | cut -f 2
else
BUSYBOX_FROM := prebuilt
BUSYBOX_VERSION := $(BUSYBOX) 2>&1 | head -n 1 | cut -d ' ' -f 1-2
endif

# The licences of all that is in the launcher: `ktstr-launch licenses`. Packages come in new versions.
LICENSES_ARGS = --version '$(VERSION)' --busybox $(BUSYBOX_FROM) --tracer "$(subst $$$$,$$,$(WPROF_FROM))" \
		--wprof-source $(WPROF_BUILD)/work --wprof-version '$(wprof_version)'

$(BUILD)/embed/licenses.packages: FORCE
	$(call stamp,$(LICENSES_ARGS) $(shell tools/licenses --packages))

$(BUILD)/embed/licenses: tools/licenses $(BUILD)/embed/licenses.packages $(BUILD)/embed/wprof.row
	@mkdir -p $(@D)
	$(Q)tools/licenses $(LICENSES_ARGS) >$@

# What the launcher tells of itself (src/manual): each file after a line with its name.
DOC_FILES := $(sort $(wildcard doc/*))

$(BUILD)/embed/doc_files.stamp: FORCE
	$(call stamp,$(DOC_FILES))

$(BUILD)/embed/doc: $(DOC_FILES) $(BUILD)/embed/doc_files.stamp
	@mkdir -p $(@D)
	$(Q)for file in $(DOC_FILES); do printf '\f%s\n' "$${file##*/}"; cat "$$file"; done >$@

# The page that `ktstr-launch report` fills in.
PAGE_FILES := $(sort $(wildcard src/page/page.* src/page/js/*))

$(BUILD)/embed/page_files.stamp: FORCE
	$(call stamp,$(PAGE_FILES))

$(BUILD)/embed/page: tools/page $(PAGE_FILES) $(BUILD)/embed/page_files.stamp
	@mkdir -p $(@D)
	$(Q)tools/page >$@

include embed/blobs.table

# The names under which busybox wants to be linked, so that nothing need run in the guest for it.
$(BUILD)/embed/applets: $(BUILD)/embed/busybox.row
	@mkdir -p $(@D)
	$(Q)$(BUSYBOX) --list-full >$@

$(BUILD)/embed/blobs_table.h: $(EMBED_ROWS)
	$(Q)cat $^ >$@

$(BUILD)/embed/embed.o: $(BUILD)/embed/blobs_table.h
