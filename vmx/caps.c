// SPDX-License-Identifier: GPL-2.0-only
/*
 * The capability MSRs, the names of their bits, and the features made of them
 * (SDM, appendix "VMX Capability Reporting Facility").
 *
 * Two tables of names, one table of features; the rest reads them.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/string.h>
#ifdef __KERNEL__
#include <asm/msr.h>
#endif

#include "caps.h"

#define CAP_MSR(m, suffix) \
	{ MSR_IA32_VMX_##suffix, "IA32_VMX_" #suffix, \
	  offsetof(struct kl_vmx_caps, m) }

/* In the order of their numbers, which is the order of the structure. */
static const struct {
	u32 msr;
	const char *name;
	size_t offset;
} cap_msrs[] = {
	CAP_MSR(basic, BASIC),
	CAP_MSR(pin, PINBASED_CTLS),
	CAP_MSR(proc, PROCBASED_CTLS),
	CAP_MSR(exit, EXIT_CTLS),
	CAP_MSR(entry, ENTRY_CTLS),
	CAP_MSR(misc, MISC),
	CAP_MSR(cr0_fixed0, CR0_FIXED0),
	CAP_MSR(cr0_fixed1, CR0_FIXED1),
	CAP_MSR(cr4_fixed0, CR4_FIXED0),
	CAP_MSR(cr4_fixed1, CR4_FIXED1),
	CAP_MSR(vmcs_enum, VMCS_ENUM),
	CAP_MSR(proc2, PROCBASED_CTLS2),
	CAP_MSR(ept_vpid, EPT_VPID_CAP),
	CAP_MSR(true_pin, TRUE_PINBASED_CTLS),
	CAP_MSR(true_proc, TRUE_PROCBASED_CTLS),
	CAP_MSR(true_exit, TRUE_EXIT_CTLS),
	CAP_MSR(true_entry, TRUE_ENTRY_CTLS),
	CAP_MSR(vmfunc, VMFUNC),
	CAP_MSR(proc3, PROCBASED_CTLS3),
	CAP_MSR(exit2, EXIT_CTLS2),
};

static u64 *cap_slot(struct kl_vmx_caps *caps, unsigned int i)
{
	return (u64 *)((char *)caps + cap_msrs[i].offset);
}

static u64 cap_value(const struct kl_vmx_caps *caps, unsigned int i)
{
	return *(const u64 *)((const char *)caps + cap_msrs[i].offset);
}

/**
 * kl_caps_msr_name - walk the capability MSRs
 * @i: index from 0
 * @msr: out, may be NULL: number of the MSR
 *
 * Return: its name; NULL after the last one.
 */
const char *kl_caps_msr_name(unsigned int i, u32 *msr)
{
	if (i >= ARRAY_SIZE(cap_msrs))
		return NULL;
	if (msr)
		*msr = cap_msrs[i].msr;
	return cap_msrs[i].name;
}

/**
 * kl_caps_set - put the value of one capability MSR in place
 * @caps: capabilities, zeroed before the first
 * @msr: number of the MSR
 * @value: its value
 *
 * Return: false if it is no VMX capability MSR we know.
 */
bool kl_caps_set(struct kl_vmx_caps *caps, u32 msr, u64 value)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cap_msrs); i++) {
		if (cap_msrs[i].msr == msr) {
			*cap_slot(caps, i) = value;
			return true;
		}
	}
	return false;
}

/**
 * kl_caps_get - value of a capability MSR
 * @caps: capabilities
 * @msr: number of the MSR
 * @value: out: its value, 0 if the CPU has none
 *
 * Return: false if it is no VMX capability MSR we know.
 */
bool kl_caps_get(const struct kl_vmx_caps *caps, u32 msr, u64 *value)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cap_msrs); i++) {
		if (cap_msrs[i].msr == msr) {
			*value = cap_value(caps, i);
			return true;
		}
	}
	return false;
}

/**
 * kl_caps_read_with - read all capability MSRs the CPU reports to have
 * @caps: out
 * @read: reads one MSR
 * @ctx: for @read
 *
 * Only the first eleven exist on every CPU with VMX; which of the others do,
 * the earlier ones tell.
 */
void kl_caps_read_with(struct kl_vmx_caps *caps, kl_rdmsr_fn read, void *ctx)
{
	u64 proc, proc2, exit;
	unsigned int i;

	memset(caps, 0, sizeof(*caps));
	for (i = 0; cap_msrs[i].msr <= MSR_IA32_VMX_VMCS_ENUM; i++)
		*cap_slot(caps, i) = read(ctx, cap_msrs[i].msr);

	if (caps->basic & VMX_BASIC_TRUE_CTLS) {
		caps->true_pin = read(ctx, MSR_IA32_VMX_TRUE_PINBASED_CTLS);
		caps->true_proc = read(ctx, MSR_IA32_VMX_TRUE_PROCBASED_CTLS);
		caps->true_exit = read(ctx, MSR_IA32_VMX_TRUE_EXIT_CTLS);
		caps->true_entry = read(ctx, MSR_IA32_VMX_TRUE_ENTRY_CTLS);
	}
	proc = kl_caps_may_be_1(caps, KL_WORD_PROC);
	if (proc & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
		caps->proc2 = read(ctx, MSR_IA32_VMX_PROCBASED_CTLS2);
	if (proc & CPU_BASED_ACTIVATE_TERTIARY_CONTROLS)
		caps->proc3 = read(ctx, MSR_IA32_VMX_PROCBASED_CTLS3);

	proc2 = kl_caps_may_be_1(caps, KL_WORD_PROC2);
	if (proc2 & (SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_ENABLE_VPID))
		caps->ept_vpid = read(ctx, MSR_IA32_VMX_EPT_VPID_CAP);
	if (proc2 & SECONDARY_EXEC_ENABLE_VMFUNC)
		caps->vmfunc = read(ctx, MSR_IA32_VMX_VMFUNC);

	exit = kl_caps_may_be_1(caps, KL_WORD_EXIT);
	if (exit & KL_EXIT_SECONDARY)
		caps->exit2 = read(ctx, MSR_IA32_VMX_EXIT_CTLS2);
}

/**
 * kl_caps_same - do two CPUs have the same VT-x?
 * @a: one CPU's capabilities
 * @b: the other's
 * @why: out, may be NULL: name of the first MSR that differs
 *
 * Return: true if all MSRs are equal.
 */
bool kl_caps_same(const struct kl_vmx_caps *a, const struct kl_vmx_caps *b,
		  const char **why)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cap_msrs); i++) {
		if (cap_value(a, i) != cap_value(b, i)) {
			if (why)
				*why = cap_msrs[i].name;
			return false;
		}
	}
	return true;
}

static const char * const word_names[KL_WORD_NR] = {
	[KL_WORD_PIN] = "pin-based controls",
	[KL_WORD_PROC] = "primary processor-based controls",
	[KL_WORD_PROC2] = "secondary processor-based controls",
	[KL_WORD_PROC3] = "tertiary processor-based controls",
	[KL_WORD_EXIT] = "VM-exit controls",
	[KL_WORD_ENTRY] = "VM-entry controls",
	[KL_WORD_EXIT2] = "secondary VM-exit controls",
	[KL_WORD_BASIC] = "IA32_VMX_BASIC",
	[KL_WORD_MISC] = "IA32_VMX_MISC",
	[KL_WORD_EPT_VPID] = "IA32_VMX_EPT_VPID_CAP",
	[KL_WORD_VMFUNC] = "VM functions",
};

/**
 * kl_word_name - name of a control or capability word
 * @word: which
 *
 * Return: as the SDM calls it.
 */
const char *kl_word_name(enum kl_word word)
{
	return word < KL_WORD_NR ? word_names[word] : "unknown word";
}

/* Names as in the SDM's chapter "Virtual Machine Control Structures". */
static const char * const control_names[KL_WORD_CONTROLS][32] = {
	[KL_WORD_PIN] = {
		[0] = "external-interrupt exiting",
		[3] = "NMI exiting",
		[5] = "virtual NMIs",
		[6] = "activate VMX-preemption timer",
		[7] = "process posted interrupts",
	},
	[KL_WORD_PROC] = {
		[2] = "interrupt-window exiting",
		[3] = "use TSC offsetting",
		[7] = "HLT exiting",
		[9] = "INVLPG exiting",
		[10] = "MWAIT exiting",
		[11] = "RDPMC exiting",
		[12] = "RDTSC exiting",
		[15] = "CR3-load exiting",
		[16] = "CR3-store exiting",
		[17] = "activate tertiary controls",
		[19] = "CR8-load exiting",
		[20] = "CR8-store exiting",
		[21] = "use TPR shadow",
		[22] = "NMI-window exiting",
		[23] = "MOV-DR exiting",
		[24] = "unconditional I/O exiting",
		[25] = "use I/O bitmaps",
		[27] = "monitor trap flag",
		[28] = "use MSR bitmaps",
		[29] = "MONITOR exiting",
		[30] = "PAUSE exiting",
		[31] = "activate secondary controls",
	},
	[KL_WORD_PROC2] = {
		[0] = "virtualize APIC accesses",
		[1] = "enable EPT",
		[2] = "descriptor-table exiting",
		[3] = "enable RDTSCP",
		[4] = "virtualize x2APIC mode",
		[5] = "enable VPID",
		[6] = "WBINVD exiting",
		[7] = "unrestricted guest",
		[8] = "APIC-register virtualization",
		[9] = "virtual-interrupt delivery",
		[10] = "PAUSE-loop exiting",
		[11] = "RDRAND exiting",
		[12] = "enable INVPCID",
		[13] = "enable VM functions",
		[14] = "VMCS shadowing",
		[15] = "enable ENCLS exiting",
		[16] = "RDSEED exiting",
		[17] = "enable PML",
		[18] = "EPT-violation #VE",
		[19] = "conceal VMX from PT",
		[20] = "enable XSAVES/XRSTORS",
		[21] = "PASID translation",
		[22] = "mode-based execute control for EPT",
		[23] = "sub-page write permissions for EPT",
		[24] = "Intel PT uses guest physical addresses",
		[25] = "use TSC scaling",
		[26] = "enable user wait and pause",
		[27] = "enable PCONFIG",
		[28] = "enable ENCLV exiting",
		[30] = "VMM bus-lock detection",
		[31] = "instruction timeout",
	},
	[KL_WORD_PROC3] = {
		[0] = "LOADIWKEY exiting",
		[1] = "enable HLAT",
		[2] = "EPT paging-write control",
		[3] = "guest-paging verification",
		[4] = "IPI virtualization",
		[7] = "virtualize IA32_SPEC_CTRL",
	},
	[KL_WORD_EXIT] = {
		[2] = "save debug controls",
		[9] = "host address-space size",
		[12] = "load IA32_PERF_GLOBAL_CTRL",
		[15] = "acknowledge interrupt on exit",
		[18] = "save IA32_PAT",
		[19] = "load IA32_PAT",
		[20] = "save IA32_EFER",
		[21] = "load IA32_EFER",
		[22] = "save VMX-preemption timer value",
		[23] = "clear IA32_BNDCFGS",
		[24] = "conceal VMX from PT",
		[25] = "clear IA32_RTIT_CTL",
		[26] = "clear IA32_LBR_CTL",
		[27] = "clear UINV",
		[28] = "load CET state",
		[29] = "load PKRS",
		[30] = "save IA32_PERF_GLOBAL_CTRL",
		[31] = "activate secondary controls",
	},
	[KL_WORD_ENTRY] = {
		[2] = "load debug controls",
		[9] = "IA-32e mode guest",
		[10] = "entry to SMM",
		[11] = "deactivate dual-monitor treatment",
		[13] = "load IA32_PERF_GLOBAL_CTRL",
		[14] = "load IA32_PAT",
		[15] = "load IA32_EFER",
		[16] = "load IA32_BNDCFGS",
		[17] = "conceal VMX from PT",
		[18] = "load IA32_RTIT_CTL",
		[19] = "load UINV",
		[20] = "load CET state",
		[21] = "load guest IA32_LBR_CTL",
		[22] = "load PKRS",
	},
};

/**
 * kl_control_name - name of a bit of a control word
 * @word: one of the control words
 * @bit: number of the bit
 *
 * Return: as the SDM calls it, "reserved" for a bit without a name.
 */
const char *kl_control_name(enum kl_word word, unsigned int bit)
{
	if (word >= KL_WORD_CONTROLS || bit >= 32 || !control_names[word][bit])
		return "reserved";
	return control_names[word][bit];
}

#define NEED(w, b, n) { KL_WORD_##w, b, n }

const struct kl_feature_desc kl_features[KL_FEAT_NR] = {
	[KL_FEAT_ALWAYS] = { "vmx", "VT-x itself" },
	[KL_FEAT_TRUE_CTLS] = { "true-controls", "exact report of default1 controls",
		{ NEED(BASIC, 55, "TRUE capability MSRs") } },
	[KL_FEAT_SECONDARY] = { "secondary", "secondary processor-based controls",
		{ NEED(PROC, 31, "activate secondary controls") } },
	[KL_FEAT_TERTIARY] = { "tertiary", "tertiary processor-based controls",
		{ NEED(PROC, 17, "activate tertiary controls") } },
	[KL_FEAT_EXIT2] = { "exit2", "secondary VM-exit controls",
		{ NEED(EXIT, 31, "activate secondary controls") } },
	[KL_FEAT_EPT] = { "ept", "extended page tables",
		{ NEED(PROC2, 1, "enable EPT"),
		  NEED(EPT_VPID, 6, "EPT page-walk length 4"),
		  NEED(EPT_VPID, 14, "EPT memory type WB"),
		  NEED(EPT_VPID, 20, "INVEPT") }, kl_feat(SECONDARY) },
	[KL_FEAT_EPT_EXEC_ONLY] = { "ept-exec-only", "execute-only pages in EPT",
		{ NEED(EPT_VPID, 0, "execute-only EPT translations") },
		kl_feat(EPT) },
	[KL_FEAT_EPT_2M] = { "ept-2m", "2-MByte pages in EPT",
		{ NEED(EPT_VPID, 16, "2-MByte EPT pages") }, kl_feat(EPT) },
	[KL_FEAT_EPT_1G] = { "ept-1g", "1-GByte pages in EPT",
		{ NEED(EPT_VPID, 17, "1-GByte EPT pages") }, kl_feat(EPT) },
	[KL_FEAT_EPT_WALK5] = { "ept-walk5", "EPT of five levels",
		{ NEED(EPT_VPID, 7, "EPT page-walk length 5") }, kl_feat(EPT) },
	[KL_FEAT_EPT_AD] = { "ept-ad", "accessed and dirty flags in EPT",
		{ NEED(EPT_VPID, 21, "EPT accessed and dirty flags") },
		kl_feat(EPT) },
	[KL_FEAT_PML] = { "pml", "page-modification logging",
		{ NEED(PROC2, 17, "enable PML") }, kl_feat(EPT_AD) },
	[KL_FEAT_MBEC] = { "mbec", "execute permission by mode in EPT",
		{ NEED(PROC2, 22, "mode-based execute control for EPT") },
		kl_feat(EPT) },
	[KL_FEAT_SPP] = { "spp", "write permission by 128 bytes",
		{ NEED(PROC2, 23, "sub-page write permissions for EPT") },
		kl_feat(EPT) },
	[KL_FEAT_EPT_VE] = { "ept-ve", "EPT violations as #VE in the guest",
		{ NEED(PROC2, 18, "EPT-violation #VE") }, kl_feat(EPT) },
	[KL_FEAT_UNRESTRICTED] = { "unrestricted-guest",
		"real mode and unpaged protected mode",
		{ NEED(PROC2, 7, "unrestricted guest") }, kl_feat(EPT) },
	[KL_FEAT_VPID] = { "vpid", "translations tagged by virtual processor",
		{ NEED(PROC2, 5, "enable VPID"),
		  NEED(EPT_VPID, 32, "INVVPID") }, kl_feat(SECONDARY) },
	[KL_FEAT_TPR_SHADOW] = { "tpr-shadow", "CR8 and TPR without exits",
		{ NEED(PROC, 21, "use TPR shadow") } },
	[KL_FEAT_APIC_ACCESS] = { "apic-access", "exits by the APIC-access page",
		{ NEED(PROC2, 0, "virtualize APIC accesses") },
		kl_feat(SECONDARY) },
	[KL_FEAT_X2APIC] = { "x2apic-virt", "x2APIC registers without exits",
		{ NEED(PROC2, 4, "virtualize x2APIC mode") },
		kl_feat(SECONDARY) | kl_feat(TPR_SHADOW) },
	[KL_FEAT_APIC_REGS] = { "apic-regs", "APIC reads without exits",
		{ NEED(PROC2, 8, "APIC-register virtualization") },
		kl_feat(SECONDARY) | kl_feat(TPR_SHADOW) },
	[KL_FEAT_VID] = { "vid", "interrupts delivered by the CPU",
		{ NEED(PROC2, 9, "virtual-interrupt delivery"),
		  NEED(PIN, 0, "external-interrupt exiting") },
		kl_feat(SECONDARY) | kl_feat(TPR_SHADOW) },
	[KL_FEAT_POSTED] = { "posted-interrupts", "interrupts posted to a running guest",
		{ NEED(PIN, 7, "process posted interrupts") },
		kl_feat(VID) | kl_feat(ACK_INTR) },
	[KL_FEAT_IPI_VIRT] = { "ipi-virt", "IPIs between vCPUs without exits",
		{ NEED(PROC3, 4, "IPI virtualization") },
		kl_feat(TERTIARY) | kl_feat(POSTED) },
	[KL_FEAT_ACK_INTR] = { "ack-interrupt", "vector of an external interrupt on exit",
		{ NEED(EXIT, 15, "acknowledge interrupt on exit") } },
	[KL_FEAT_VNMI] = { "virtual-nmi", "NMI blocking kept by the CPU",
		{ NEED(PIN, 5, "virtual NMIs"),
		  NEED(PROC, 22, "NMI-window exiting") } },
	[KL_FEAT_TIMER] = { "preemption-timer", "exit after a number of TSC ticks",
		{ NEED(PIN, 6, "activate VMX-preemption timer") } },
	[KL_FEAT_SAVE_TIMER] = { "save-timer", "preemption timer kept over exits",
		{ NEED(EXIT, 22, "save VMX-preemption timer value") },
		kl_feat(TIMER) },
	[KL_FEAT_MTF] = { "monitor-trap", "exit after each instruction",
		{ NEED(PROC, 27, "monitor trap flag") } },
	[KL_FEAT_IO_BITMAPS] = { "io-bitmaps", "I/O exits by port",
		{ NEED(PROC, 25, "use I/O bitmaps") } },
	[KL_FEAT_MSR_BITMAPS] = { "msr-bitmaps", "MSR exits by MSR",
		{ NEED(PROC, 28, "use MSR bitmaps") } },
	[KL_FEAT_PLE] = { "pause-loop", "exits from spinning loops",
		{ NEED(PROC2, 10, "PAUSE-loop exiting") }, kl_feat(SECONDARY) },
	[KL_FEAT_TSC_SCALING] = { "tsc-scaling", "a guest TSC of another rate",
		{ NEED(PROC2, 25, "use TSC scaling"),
		  NEED(PROC, 3, "use TSC offsetting") }, kl_feat(SECONDARY) },
	[KL_FEAT_RDTSCP] = { "rdtscp", "RDTSCP in the guest",
		{ NEED(PROC2, 3, "enable RDTSCP") }, kl_feat(SECONDARY) },
	[KL_FEAT_INVPCID] = { "invpcid", "INVPCID in the guest",
		{ NEED(PROC2, 12, "enable INVPCID") }, kl_feat(SECONDARY) },
	[KL_FEAT_XSAVES] = { "xsaves", "XSAVES and XRSTORS in the guest",
		{ NEED(PROC2, 20, "enable XSAVES/XRSTORS") },
		kl_feat(SECONDARY) },
	[KL_FEAT_USER_WAIT] = { "user-wait", "UMWAIT and TPAUSE in the guest",
		{ NEED(PROC2, 26, "enable user wait and pause") },
		kl_feat(SECONDARY) },
	[KL_FEAT_WBINVD] = { "wbinvd-exiting", "exits on WBINVD",
		{ NEED(PROC2, 6, "WBINVD exiting") }, kl_feat(SECONDARY) },
	[KL_FEAT_DESC] = { "descriptor-exiting", "exits on LGDT and its kin",
		{ NEED(PROC2, 2, "descriptor-table exiting") },
		kl_feat(SECONDARY) },
	[KL_FEAT_RDRAND] = { "rdrand-exiting", "exits on RDRAND",
		{ NEED(PROC2, 11, "RDRAND exiting") }, kl_feat(SECONDARY) },
	[KL_FEAT_RDSEED] = { "rdseed-exiting", "exits on RDSEED",
		{ NEED(PROC2, 16, "RDSEED exiting") }, kl_feat(SECONDARY) },
	[KL_FEAT_ENCLS] = { "encls-exiting", "exits on ENCLS",
		{ NEED(PROC2, 15, "enable ENCLS exiting") }, kl_feat(SECONDARY) },
	[KL_FEAT_ENCLV] = { "enclv-exiting", "exits on ENCLV",
		{ NEED(PROC2, 28, "enable ENCLV exiting") }, kl_feat(SECONDARY) },
	[KL_FEAT_VMFUNC] = { "vmfunc", "VM functions called by the guest",
		{ NEED(PROC2, 13, "enable VM functions") }, kl_feat(SECONDARY) },
	[KL_FEAT_EPTP_SWITCHING] = { "eptp-switching", "EPT chosen by the guest",
		{ NEED(VMFUNC, 0, "EPTP switching") },
		kl_feat(VMFUNC) | kl_feat(EPT) },
	[KL_FEAT_SHADOW_VMCS] = { "vmcs-shadowing", "VMREAD and VMWRITE in the guest",
		{ NEED(PROC2, 14, "VMCS shadowing") }, kl_feat(SECONDARY) },
	[KL_FEAT_PT_GPA] = { "pt-gpa", "Processor Trace into guest memory",
		{ NEED(PROC2, 24, "Intel PT uses guest physical addresses") },
		kl_feat(EPT) | kl_feat(RTIT) },
	[KL_FEAT_BUS_LOCK] = { "bus-lock", "exits on bus locks",
		{ NEED(PROC2, 30, "VMM bus-lock detection") },
		kl_feat(SECONDARY) },
	[KL_FEAT_NOTIFY] = { "notify", "exits when no event window opens",
		{ NEED(PROC2, 31, "instruction timeout") }, kl_feat(SECONDARY) },
	[KL_FEAT_HLAT] = { "hlat", "hypervisor-managed linear-address translation",
		{ NEED(PROC3, 1, "enable HLAT") },
		kl_feat(TERTIARY) | kl_feat(EPT) },
	[KL_FEAT_PAT] = { "pat", "IA32_PAT switched by the CPU",
		{ NEED(EXIT, 18, "save IA32_PAT"),
		  NEED(EXIT, 19, "load IA32_PAT"),
		  NEED(ENTRY, 14, "load IA32_PAT") } },
	[KL_FEAT_EFER] = { "efer", "IA32_EFER switched by the CPU",
		{ NEED(EXIT, 20, "save IA32_EFER"),
		  NEED(EXIT, 21, "load IA32_EFER"),
		  NEED(ENTRY, 15, "load IA32_EFER") } },
	[KL_FEAT_PERF_GLOBAL] = { "perf-global", "IA32_PERF_GLOBAL_CTRL switched by the CPU",
		{ NEED(EXIT, 12, "load IA32_PERF_GLOBAL_CTRL"),
		  NEED(ENTRY, 13, "load IA32_PERF_GLOBAL_CTRL") } },
	[KL_FEAT_BNDCFGS] = { "bndcfgs", "IA32_BNDCFGS switched by the CPU",
		{ NEED(EXIT, 23, "clear IA32_BNDCFGS"),
		  NEED(ENTRY, 16, "load IA32_BNDCFGS") } },
	[KL_FEAT_RTIT] = { "rtit", "IA32_RTIT_CTL switched by the CPU",
		{ NEED(EXIT, 25, "clear IA32_RTIT_CTL"),
		  NEED(ENTRY, 18, "load IA32_RTIT_CTL") } },
	[KL_FEAT_CET] = { "cet", "CET state switched by the CPU",
		{ NEED(EXIT, 28, "load CET state"),
		  NEED(ENTRY, 20, "load CET state") } },
	[KL_FEAT_PKRS] = { "pkrs", "IA32_PKRS switched by the CPU",
		{ NEED(EXIT, 29, "load PKRS"),
		  NEED(ENTRY, 22, "load PKRS") } },
	[KL_FEAT_LBR] = { "lbr", "IA32_LBR_CTL switched by the CPU",
		{ NEED(EXIT, 26, "clear IA32_LBR_CTL"),
		  NEED(ENTRY, 21, "load guest IA32_LBR_CTL") } },
	[KL_FEAT_UINV] = { "uinv", "user-interrupt vector switched by the CPU",
		{ NEED(EXIT, 27, "clear UINV"),
		  NEED(ENTRY, 19, "load UINV") } },
};

/**
 * kl_feature_available - does this CPU have a feature, with all it depends on?
 * @caps: capabilities
 * @desc: a row of kl_features[]
 * @missing: called for each bit that is missing; may be NULL
 * @ctx: for @missing
 *
 * A bit that two dependencies share is reported once for each.
 *
 * Return: true if nothing is missing.
 */
bool kl_feature_available(const struct kl_vmx_caps *caps,
			  const struct kl_feature_desc *desc,
			  kl_missing_fn missing, void *ctx)
{
	const struct kl_cap_bit *need;
	bool ok = true;
	unsigned int i;

	/* The table has no cycle and a depth of four. */
	for (i = 0; i < KL_FEAT_NR; i++) {
		if (!(desc->deps & BIT_ULL(i)))
			continue;
		if (!kl_feature_available(caps, &kl_features[i], missing, ctx))
			ok = false;
	}
	for (need = desc->needs; need->name; need++) {
		if (kl_caps_may_be_1(caps, need->word) & BIT_ULL(need->bit))
			continue;
		ok = false;
		if (missing)
			missing(ctx, need);
	}
	return ok;
}

/**
 * kl_caps_has - does this CPU have a feature?
 * @caps: capabilities
 * @feature: which
 *
 * Return: true if so, with all the feature depends on.
 */
bool kl_caps_has(const struct kl_vmx_caps *caps, enum kl_feature feature)
{
	return feature < KL_FEAT_NR &&
	       kl_feature_available(caps, &kl_features[feature], NULL, NULL);
}

/**
 * kl_feature_by_name - find a feature
 * @name: its short name
 *
 * Return: enum kl_feature, or -ENOENT.
 */
int kl_feature_by_name(const char *name)
{
	int i;

	for (i = 0; i < KL_FEAT_NR; i++) {
		if (!strcmp(kl_features[i].name, name))
			return i;
	}
	return -ENOENT;
}

#ifdef __KERNEL__
static u64 read_safe(void *ctx, u32 msr)
{
	u32 low = 0, high = 0;

	if (rdmsr_safe(msr, &low, &high))
		return 0;
	return (u64)high << 32 | low;
}

/**
 * kl_caps_read - read the capability MSRs of the current CPU
 * @caps: out; an MSR the CPU does not have reads as 0
 *
 * Preemption is off, or the caller does not care which CPU it is.
 */
void kl_caps_read(struct kl_vmx_caps *caps)
{
	kl_caps_read_with(caps, read_safe, NULL);
}
#endif
