# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every C file under bench/ is part of the program: adding a plug-in is adding a
# file. 'make V=1' shows the commands.

CC ?= gcc
CFLAGS ?= -O2 -g
BUILD ?= build

LIBRARIES := $(shell pkg-config --libs jansson hwloc gsl zlib blkid liburing libbpf) -linih -laio -ldl -lpthread

CPPFLAGS += -D_GNU_SOURCE -Ibench -I$(BUILD) -DPINSCALE_TOP=\"$(CURDIR)\"
override CFLAGS += -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wno-format-truncation -Werror -MMD -MP \
	$(shell pkg-config --cflags jansson hwloc gsl zlib blkid liburing libbpf)

SOURCES := $(sort $(shell find bench -name '*.c' ! -name '*.bpf.c'))
BPF_SOURCES := $(sort $(wildcard bench/bpf/*.bpf.c))
SKELETONS := $(BPF_SOURCES:bench/%.bpf.c=$(BUILD)/%.skel.h)
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
COUNT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard count/*.c)))
TEST_SOURCES := $(sort $(wildcard tests/unit/*_test.c))
TESTS := $(TEST_SOURCES:%.c=$(BUILD)/%)
TEST_OBJECTS := $(TEST_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/tests/unit/testing.o

ifeq ($(V),1)
quiet =
else
quiet = @printf '  %-4s %s\n' $(1) $(2);
endif

all: $(BUILD)/pinscale $(BUILD)/count.so

$(BUILD)/pinscale: $(OBJECTS)
	$(call quiet,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBRARIES)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# A program that runs in the kernel, as a header: bench/bpf/NAME.bpf.c is loaded by a probe that
# includes "bpf/NAME.skel.h". 'bpftool gen object' leaves out what only a debugger needs.
BPF_CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
BPF_FLAGS := -g -O2 -target bpf -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Werror -Ibench \
	-idirafter /usr/include/$(shell $(CC) -print-multiarch)

$(BUILD)/bpf/%.bpf.o: bench/bpf/%.bpf.c Makefile
	@mkdir -p $(@D)
	$(call quiet,BPF,$<)$(BPF_CLANG) $(BPF_FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call quiet,SKEL,$<)$(BPFTOOL) gen object $(@:.skel.h=.linked.o) $< && \
		$(BPFTOOL) gen skeleton $(@:.skel.h=.linked.o) name $(*F)_bpf >$@.new && mv $@.new $@

# Its atomics give a result: since 5.12, and the tracepoints came later.
$(BUILD)/bpf/contention.bpf.o $(BUILD)/bpf/contention_raw.bpf.o: override BPF_FLAGS += -mcpu=v3

# Once they are compiled, the .d files say which of them need which.
$(filter $(BUILD)/bench/probes/%,$(OBJECTS)): | $(SKELETONS)

# The plugin of the guests' QEMU.
$(BUILD)/count.so: $(COUNT_OBJECTS)
	$(call quiet,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -shared -o $@ $^ $(shell pkg-config --libs zlib)

$(BUILD)/count/%.o: override CFLAGS += -fPIC -fvisibility=hidden

# A unit test is a program of its own: the test, and all of bench but its main().
$(BUILD)/tests/unit/%_test: $(BUILD)/tests/unit/%_test.o $(BUILD)/tests/unit/testing.o \
		$(filter-out $(BUILD)/bench/main.o,$(OBJECTS))
	$(call quiet,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBRARIES) -lcmocka

# What is read from outside, with anything at all in it: tests/run.sh runs each for FUZZ_SECONDS.
FUZZ := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/*_fuzz.c)))
# NULL + 0 is where an empty list begins and ends.
SANITIZE := address,undefined -fno-sanitize=pointer-overflow -fno-sanitize-recover=undefined

fuzz: fuzz-build
	@PINSCALE_TEST_FUZZ=1 tests/run.sh --only _fuzz

# With clang, which has the fuzzer; what there is to be warned of gcc has said.
fuzz-build:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=clang \
		CFLAGS="-O1 -g -w -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,$(SANITIZE)" \
		$(FUZZ)

$(BUILD)/%_fuzz: $(BUILD)/tests/fuzz/%_fuzz.o $(filter-out $(BUILD)/bench/main.o,$(OBJECTS))
	$(call quiet,LD,$@)$(CC) -fsanitize=fuzzer,$(SANITIZE) -o $@ $^ $(LIBRARIES)

# Kept after linking, so that a test is compiled once.
.SECONDARY:

check: all $(TESTS) $(if $(PINSCALE_TEST_FUZZ),fuzz-build)
	@tests/run.sh $(TESTS)

# The unit tests, and those of small sweeps, with the sanitizers in the program.
asan:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan \
		CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined" \
		check-asan

check-asan: all $(TESTS)
	@ASAN_OPTIONS=verify_asan_link_order=0 PINSCALE_PROGRAM=$(abspath $(BUILD))/pinscale tests/run.sh --only _test --only run.bats \
		--only restore.bats --only report.bats $(TESTS)

# Programs that tests run in guests.
$(BUILD)/tests/guest/%: tests/guest/%.c Makefile
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(CPPFLAGS) -O2 -g -std=gnu11 -Wall -Wextra -Werror -o $@ $< -laio

# Programs that the nightly tests run.
$(BUILD)/tests/nightly/%: tests/nightly/%.c Makefile
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) -O2 -g -std=gnu11 -Wall -Wextra -Werror -o $@ $<

# Long proofs. Their log is kept as a reference.
nightly: all $(patsubst %.c,$(BUILD)/%,$(wildcard tests/guest/*.c tests/nightly/*.c))
	@mkdir -p results/reference/nightly
	@PINSCALE_TEST_GUEST=1 tests/run.sh --nightly | tee results/reference/nightly/log.txt

format:
	clang-format -i $(SOURCES) $(BPF_SOURCES) $$(find bench count -name '*.h') count/*.c tests/unit/*.[ch] tests/guest/*.c tests/fuzz/*.c tests/nightly/*.c

clean:
	rm -rf $(BUILD)

.PHONY: all check asan check-asan fuzz fuzz-build nightly format clean

-include $(OBJECTS:.o=.d) $(SKELETONS:.skel.h=.bpf.d) $(COUNT_OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d)
