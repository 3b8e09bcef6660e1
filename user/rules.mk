# Programs of the system and the initial root file system.
#
# user/NAME.c, user/NAME.cpp or a folder user/NAME/ with several .cpp files becomes /bin/NAME: nothing needs
# to be listed. Every program is compiled against libc/include alone and linked statically with our crt0 and
# libc.a. $O/user/NAME.elf keeps its symbols for gdb; $O/rootfs/bin/NAME is the stripped copy that boots.
#
#   make programs              builds them all
#   make EXTRA=dir ...         the content of dir is laid over the root file system

# Small in the release build, because every program carries a copy of what it uses; easy to step through otherwise.
USER_SIZE_release := -Os

USER_FLAGS = $(LIBC_INCLUDES) -fno-pic -fno-pie -fcf-protection=none -fno-stack-protector \
    -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -ftls-model=local-exec \
    $(OPTIMISE) $(USER_SIZE_$(MODE)) $(WARNINGS) -Wno-format-truncation -MD -MP
USER_CFLAGS   = -std=gnu11 $(USER_FLAGS)
USER_CXXFLAGS = -std=c++20 -fno-exceptions -fno-rtti -fno-threadsafe-statics $(CXX_INCLUDES) $(USER_FLAGS) $(CXX_TEMPLATES)
USER_LDFLAGS := -nostdlib -static -no-pie -Wl,--gc-sections -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
    -Wl,-z,norelro -Wl,-z,noseparate-code -Wl,--build-id=none

# A folder is a program when it holds C++ files; user/rootfs holds files to copy instead.
USER_FILES    := $(sort $(wildcard user/*.c user/*.cpp))
USER_FOLDERS  := $(sort $(patsubst user/%/,%,$(dir $(wildcard user/*/*.cpp))))
USER_PROGRAMS := $(sort $(basename $(notdir $(USER_FILES))) $(USER_FOLDERS))
USER_SOURCES  := $(USER_FILES) $(sort $(wildcard $(USER_FOLDERS:%=user/%/*.cpp)))
USER_OBJECTS  := $(USER_SOURCES:%=$O/%.o)
USER_BINARIES := $(USER_PROGRAMS:%=$O/rootfs/bin/%)

.PHONY: programs initramfs FORCE
programs: $(USER_BINARIES)

$O/user/%.cpp.o: user/%.cpp
	@mkdir -p $(@D)
	$(call say,CXX)
	$(Q)$(CXX) $(USER_CXXFLAGS) -c $< -o $@

$O/user/%.c.o: user/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(USER_CFLAGS) -c $< -o $@

# One link rule per program: its objects are either its one file or all files of its folder.
define user_program
$O/user/$(1).elf: $$(filter $O/user/$(1).c.o $O/user/$(1).cpp.o $O/user/$(1)/%,$$(USER_OBJECTS)) $$(CRT0) $$(LIBC_A)
	$$(call say,LD)
	$$(Q)$$(CXX) $$(USER_LDFLAGS) -o $$@ $$(CRT0) $$(filter $O/user/%.o,$$^) $$(LIBC_A) -lgcc

$O/rootfs/bin/$(1): $O/user/$(1).elf
	@mkdir -p $$(@D)
	$$(Q)strip -s -o $$@ $$<
endef
$(foreach program,$(USER_PROGRAMS),$(eval $(call user_program,$(program))))

# mkinitrd leaves an unchanged archive alone, so running it every time costs no rebuild of the ISO; that is
# how a changed file below EXTRA or user/rootfs is noticed.
INITRAMFS := $O/initramfs.cpio

# mkinitrd FILE LAYER: an archive of all programs, user/rootfs and one more layer.
mkinitrd = tools/mkinitrd -o $(1) -d dev,proc,root,tmp,var/log,var/run --program $O/rootfs/bin/test:bin/[ \
    $(foreach program,$(USER_PROGRAMS),--program $O/rootfs/bin/$(program):bin/$(program)) user/rootfs $(2)

initramfs: $(INITRAMFS)
$(INITRAMFS): $(USER_BINARIES) tools/mkinitrd FORCE
	$(call say,CPIO)
	$(Q)$(call mkinitrd,$@,$(EXTRA))

-include $(USER_OBJECTS:.o=.d)
