# fetch: what the build downloads, checked. Every .c here, and what it uses of src/util.

FETCH := $(BUILD)/tools/fetch/fetch
FETCH_C := $(sort $(wildcard tools/fetch/*.c))
FETCH_OBJECTS := $(FETCH_C:%.c=$(BUILD)/%.o)
# Compiled with the launcher (src/src.mk).
FETCH_UTIL := $(BUILD)/src/util/error.o $(BUILD)/src/util/file.o $(BUILD)/src/util/cache_folder.o

$(FETCH_OBJECTS): $(BUILD)/%.o: %.c $(BUILD)/src/flags.stamp
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(FETCH): $(FETCH_OBJECTS) $(FETCH_UTIL)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -pie -o $@ $^ -lcurl -larchive -lnettle $(LDLIBS)

fetch: $(FETCH)

.PHONY: fetch
-include $(FETCH_OBJECTS:.o=.d)
