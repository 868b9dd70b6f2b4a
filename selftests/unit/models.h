/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capability MSRs of CPU generations, for the tests of caps and controls.
 *
 * Each row keeps what makes its generation: which controls may be 1.
 */
#ifndef KL_UNIT_MODELS_H
#define KL_UNIT_MODELS_H

#include "vmx/caps.h"

#define CTL(may, must) ((u64)(may) << 32 | (must))
#define BASIC_OLD 0x005a08000000000dULL		/* no TRUE MSRs */
#define BASIC_NEW 0x00da040000000004ULL
#define COMMON \
	.cr0_fixed0 = 0x80000021, .cr0_fixed1 = 0xffffffff, \
	.cr4_fixed0 = 0x2000, .vmcs_enum = 0x2e

/* Core 2: TPR shadow and APIC access, no EPT, no VPID. */
static const struct kl_vmx_caps model_penryn = {
	COMMON, .basic = BASIC_OLD, .cr4_fixed1 = 0x27ff,
	.pin = CTL(0x3f, 0x16), .proc = CTL(0xf7f9fffe, 0x0401e172),
	.exit = CTL(0x0003ffff, 0x00036dff), .entry = CTL(0x3fff, 0x11ff),
	.misc = 0x403c0, .proc2 = CTL(0x41, 0),
};

/* First EPT: no unrestricted guest. */
static const struct kl_vmx_caps model_lynnfield = {
	COMMON, .basic = BASIC_NEW, .cr4_fixed1 = 0x27ff,
	.pin = CTL(0x7f, 0x16), .proc = CTL(0xfff9fffe, 0x0401e172),
	.exit = CTL(0x007fffff, 0x00036dff), .entry = CTL(0xffff, 0x11ff),
	.true_pin = CTL(0x7f, 0x16), .true_proc = CTL(0xfff9fffe, 0x04006172),
	.true_exit = CTL(0x007fffff, 0x00036dfb),
	.true_entry = CTL(0xffff, 0x11fb),
	.misc = 0x401e5, .proc2 = CTL(0x7f, 0), .ept_vpid = 0xf0106114141ULL,
};

static const struct kl_vmx_caps model_sandy_bridge = {
	COMMON, .basic = BASIC_NEW, .cr4_fixed1 = 0x627ff,
	.pin = CTL(0x7f, 0x16), .proc = CTL(0xfff9fffe, 0x0401e172),
	.exit = CTL(0x007fffff, 0x00036dff), .entry = CTL(0xffff, 0x11ff),
	.true_pin = CTL(0x7f, 0x16), .true_proc = CTL(0xfff9fffe, 0x04006172),
	.true_exit = CTL(0x007fffff, 0x00036dfb),
	.true_entry = CTL(0xffff, 0x11fb),
	.misc = 0x401e5, .proc2 = CTL(0x4ff, 0), .ept_vpid = 0xf0106114141ULL,
};

/* EPT A/D, 1G, virtual-interrupt delivery; no posted interrupts. */
static const struct kl_vmx_caps model_haswell = {
	COMMON, .basic = BASIC_NEW, .cr4_fixed1 = 0x1727ff,
	.pin = CTL(0x7f, 0x16), .proc = CTL(0xfff9fffe, 0x0401e172),
	.exit = CTL(0x007fffff, 0x00036dff), .entry = CTL(0xffff, 0x11ff),
	.true_pin = CTL(0x7f, 0x16), .true_proc = CTL(0xfff9fffe, 0x04006172),
	.true_exit = CTL(0x007fffff, 0x00036dfb),
	.true_entry = CTL(0xffff, 0x11fb),
	.misc = 0x300481e5, .proc2 = CTL(0x47fff, 0),
	.ept_vpid = 0xf0106334141ULL, .vmfunc = 1,
};

/* All of it up to TSC scaling and posted interrupts. */
static const struct kl_vmx_caps model_ice_lake = {
	COMMON, .basic = BASIC_NEW, .cr4_fixed1 = 0x3767ff,
	.pin = CTL(0xff, 0x16), .proc = CTL(0xfff9fffe, 0x0401e172),
	.exit = CTL(0x03ffffff, 0x00036dff), .entry = CTL(0x7ffff, 0x11ff),
	.true_pin = CTL(0xff, 0x16), .true_proc = CTL(0xfff9fffe, 0x04006172),
	.true_exit = CTL(0x03ffffff, 0x00036dfb),
	.true_entry = CTL(0x7ffff, 0x11fb),
	.misc = 0x7004c1e7, .proc2 = CTL(0x035fffff, 0),
	.ept_vpid = 0xf0106734141ULL, .vmfunc = 1,
};

/* No CPU has it all: every feature of our table, for the explainer. */
static const struct kl_vmx_caps model_everything = {
	COMMON, .basic = BASIC_NEW, .cr4_fixed1 = 0x03f767ff,
	.pin = CTL(0xff, 0x16), .proc = CTL(0xfffbfffe, 0x0401e172),
	.exit = CTL(0xffffffff, 0x00036dff), .entry = CTL(0x7fffff, 0x11ff),
	.true_pin = CTL(0xff, 0x16), .true_proc = CTL(0xfffbfffe, 0x04006172),
	.true_exit = CTL(0xffffffff, 0x00036dfb),
	.true_entry = CTL(0x7fffff, 0x11fb),
	.misc = 0x7004c1e7, .proc2 = CTL(0xdfffffff, 0), .proc3 = 0x9f,
	.exit2 = 0xff, .ept_vpid = 0xf0106f341c1ULL | BIT_ULL(0), .vmfunc = 1,
};

#endif /* KL_UNIT_MODELS_H */
