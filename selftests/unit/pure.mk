# SPDX-License-Identifier: GPL-2.0-only
#
# How pure kernel code is compiled in userspace: the shim headers stand in for
# <linux/*.h>, and the few architecture headers it needs are linked from an
# installed linux-headers package, never copied into the project.
#
# Set before including: TOP (the repository), O (where to build), and perhaps
# KDIR_COMMON (…/linux-headers-*-common, or any kernel source tree).
# Gives: PURE_CFLAGS, and PURE_HEADERS to depend on.

ifeq ($(strip $(KDIR_COMMON)),)
KDIR_COMMON := $(lastword $(sort $(patsubst %/arch/x86/include/asm/vmx.h,%,$(wildcard \
	/usr/src/linux-headers-*-common/arch/x86/include/asm/vmx.h \
	/usr/src/linux-headers-*/arch/x86/include/asm/vmx.h \
	$(TOP)/build/bench/usr/src/linux-headers-*-common/arch/x86/include/asm/vmx.h \
	/lib/modules/$(shell uname -r)/source/arch/x86/include/asm/vmx.h))))
endif
ifeq ($(strip $(KDIR_COMMON)),)
$(error no kernel headers found: install linux-headers-amd64 or set KDIR_COMMON)
endif

PURE_ARCH := $(KDIR_COMMON)/arch/x86/include
PURE_HEADERS := $(O)/include/.linked
PURE_CFLAGS := -I$(O)/include -I$(TOP)/selftests/unit/shim

# Names that a kernel of the supported range lacks are simply not linked.
PURE_LINKS := asm/apicdef.h asm/vmx.h asm/vmxfeatures.h asm/trapnr.h asm/msr-index.h \
	uapi/asm/vmx.h

$(PURE_HEADERS): $(PURE_ARCH)/asm/vmx.h $(TOP)/selftests/unit/pure.mk
	@rm -rf $(O)/include && mkdir -p $(O)/include/asm $(O)/include/uapi/asm
	@for h in $(PURE_LINKS); do \
		test ! -e $(PURE_ARCH)/$$h || \
			ln -s $(abspath $(PURE_ARCH))/$$h $(O)/include/$$h; \
	done
	@echo '$(KDIR_COMMON)' > $@
