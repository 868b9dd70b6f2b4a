/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cases of test_explain.c: one row breaks one rule.
 *
 * A row starts from an image that breaks nothing, sets one field, and perhaps
 * others that put the rule in force; it demands that just its rule is reported,
 * with that field and value.
 */
#ifndef KL_UNIT_EXPLAIN_ROWS_H
#define KL_UNIT_EXPLAIN_ROWS_H

#include "explain_base.h"

/* What a case changes outside of the image. */
enum tweak {
	T_NONE,
	T_PROC2_MUST,	/* "WBINVD exiting" must be 1 */
	T_EXIT_BND,	/* no "clear IA32_BNDCFGS" */
	T_NO_MTF,
	T_NO_EPT_AD,
	T_NO_SSS,
	T_VTPR,		/* VTPR is 0x40 */
	T_PT,		/* Intel PT traces */
	T_VMCS,		/* the VMCS is at 0x5000 */
};

struct row {
	const char *rule;
	enum base base;
	enum tweak tweak;
	u32 field;
	u64 value;
	/* Other fields to set; ended by encoding 0 and value 0. */
	struct {
		u32 field;
		u64 value;
	} with[8];
	const char *also; /* a second rule that cannot but break, too */
};

#define PIN PIN_BASED_VM_EXEC_CONTROL
#define PROC CPU_BASED_VM_EXEC_CONTROL
#define PROC2 SECONDARY_VM_EXEC_CONTROL
#define PROC3 TERTIARY_VM_EXEC_CONTROL
#define EXIT VM_EXIT_CONTROLS
#define ENTRY VM_ENTRY_CONTROLS
#define INFO VM_ENTRY_INTR_INFO_FIELD
#define INTR GUEST_INTERRUPTIBILITY_INFO

#define E2(n) SECONDARY_EXEC_##n
#define TPR { PROC, PROC0 | CPU_BASED_TPR_SHADOW }
#define VALID 0x80000000u
#define EXT_INT (VALID | 0x20)
#define NMI (VALID | INTR_TYPE_NMI_INTR | 2)
#define FAR BIT_ULL(50)			/* beyond the physical-address width */
#define WILD 0x800000000000ULL		/* not canonical */
#define T3 { PROC, PROC0 | CPU_BASED_TPR_SHADOW | \
	     CPU_BASED_ACTIVATE_TERTIARY_CONTROLS }
#define POST { PIN, PIN0 | PIN_BASED_POSTED_INTR }, TPR, \
	     { PROC2, PROC20 | E2(VIRTUAL_INTR_DELIVERY) }

#define R(rule, field, value, ...) \
	{ rule, B64, T_NONE, field, value, { __VA_ARGS__ } }
#define RT(rule, tweak, field, value, ...) \
	{ rule, B64, tweak, field, value, { __VA_ARGS__ } }
#define RB(rule, base, field, value, ...) \
	{ rule, base, T_NONE, field, value, { __VA_ARGS__ } }
#define PAGE(rule, field, ...) \
	R(rule ".align", field, 0x1001, __VA_ARGS__), \
	R(rule ".width", field, FAR, __VA_ARGS__)
#define LIST(rule, addr, count) \
	R(rule ".align", addr, 0x1008, { count, 1 }), \
	R(rule ".width", addr, FAR, { count, 1 }), \
	R(rule ".end", addr, 0x3ffffffff000ULL, { count, 0x101 })

static const struct row control_rows[] = {
	R("ctl.pin.must_be_1", PIN, PIN0 & ~0x10u),
	R("ctl.pin.must_be_0", PIN, PIN0 | BIT(10)),
	R("ctl.proc.must_be_1", PROC, PROC0 & ~2u),
	R("ctl.proc.must_be_0", PROC, PROC0 | BIT(0)),
	RT("ctl.proc2.must_be_1", T_PROC2_MUST, PROC2, PROC20),
	R("ctl.proc2.must_be_0", PROC2, PROC20 | BIT(29)),
	R("ctl.proc3.must_be_0", PROC3, BIT_ULL(63), T3),
	R("ctl.cr3_target_count", CR3_TARGET_COUNT, 5),
	PAGE("ctl.io_bitmap_a", IO_BITMAP_A,
	     { PROC, PROC0 | CPU_BASED_USE_IO_BITMAPS }),
	PAGE("ctl.io_bitmap_b", IO_BITMAP_B,
	     { PROC, PROC0 | CPU_BASED_USE_IO_BITMAPS }),
	PAGE("ctl.msr_bitmap", MSR_BITMAP),
	PAGE("ctl.virtual_apic", VIRTUAL_APIC_PAGE_ADDR, TPR),
	R("ctl.tpr_threshold.high_bits", TPR_THRESHOLD, 0x10, TPR),
	RT("ctl.tpr_threshold.above_vtpr", T_VTPR, TPR_THRESHOLD, 5, TPR),
	R("ctl.virtual_nmis.needs_nmi_exiting", PIN,
	  PIN0 & ~PIN_BASED_NMI_EXITING),
	R("ctl.nmi_window.needs_virtual_nmis", PROC,
	  PROC0 | CPU_BASED_NMI_WINDOW_EXITING,
	  { PIN, PIN0 & ~PIN_BASED_VIRTUAL_NMIS }),
	PAGE("ctl.apic_access", APIC_ACCESS_ADDR,
	     { PROC2, PROC20 | E2(VIRTUALIZE_APIC_ACCESSES) }),
	R("ctl.x2apic.needs_tpr_shadow", PROC2,
	  PROC20 | E2(VIRTUALIZE_X2APIC_MODE)),
	R("ctl.apic_regs.needs_tpr_shadow", PROC2,
	  PROC20 | E2(APIC_REGISTER_VIRT)),
	R("ctl.vid.needs_tpr_shadow", PROC2, PROC20 | E2(VIRTUAL_INTR_DELIVERY)),
	R("ctl.x2apic.excludes_apic_access", PROC2,
	  PROC20 | E2(VIRTUALIZE_X2APIC_MODE) | E2(VIRTUALIZE_APIC_ACCESSES),
	  TPR),
	R("ctl.vid.needs_ext_int_exiting", PROC2,
	  PROC20 | E2(VIRTUAL_INTR_DELIVERY), TPR,
	  { PIN, PIN0 & ~PIN_BASED_EXT_INTR_MASK }),
	R("ctl.posted.needs_vid", PIN, PIN0 | PIN_BASED_POSTED_INTR),
	R("ctl.posted.needs_ack", PIN, PIN0 | PIN_BASED_POSTED_INTR, POST,
	  { EXIT, EXIT0 & ~VM_EXIT_ACK_INTR_ON_EXIT }),
	R("ctl.posted.vector", POSTED_INTR_NV, 0x100, POST),
	R("ctl.posted.desc.align", POSTED_INTR_DESC_ADDR, 0x1020, POST),
	R("ctl.posted.desc.width", POSTED_INTR_DESC_ADDR, FAR, POST),
	R("ctl.vpid.zero", VIRTUAL_PROCESSOR_ID, 0),
	R("ctl.eptp.memtype", EPT_POINTER, (EPTP0 & ~7ULL) | 1),
	R("ctl.eptp.walk_length", EPT_POINTER, (EPTP0 & ~0x38ULL) | 0x10),
	RT("ctl.eptp.ad", T_NO_EPT_AD, EPT_POINTER, EPTP0 | BIT(6)),
	RT("ctl.eptp.sss", T_NO_SSS, EPT_POINTER, EPTP0 | BIT(7)),
	R("ctl.eptp.reserved", EPT_POINTER, EPTP0 | BIT(8)),
	R("ctl.eptp.width", EPT_POINTER, EPTP0 | FAR),
	R("ctl.unrestricted.needs_ept", PROC2,
	  E2(ENABLE_VPID) | E2(UNRESTRICTED_GUEST)),
	R("ctl.mbec.needs_ept", PROC2, E2(ENABLE_VPID) | E2(MODE_BASED_EPT_EXEC)),
	R("ctl.pml.needs_ept", PROC2, E2(ENABLE_VPID) | E2(ENABLE_PML)),
	PAGE("ctl.pml", PML_ADDRESS, { PROC2, PROC20 | E2(ENABLE_PML) }),
	R("ctl.spp.needs_ept", PROC2, E2(ENABLE_VPID) | KL_EXEC2_SPP),
	PAGE("ctl.spp_table", KL_VMCS_SPP_TABLE, { PROC2, PROC20 | KL_EXEC2_SPP }),
	R("ctl.vmfunc.reserved", VM_FUNCTION_CONTROL, 2,
	  { PROC2, PROC20 | E2(ENABLE_VMFUNC) }),
	R("ctl.eptp_switching.needs_ept", VM_FUNCTION_CONTROL, 1,
	  { PROC2, E2(ENABLE_VPID) | E2(ENABLE_VMFUNC) }),
	PAGE("ctl.eptp_list", EPTP_LIST_ADDRESS, { VM_FUNCTION_CONTROL, 1 },
	     { PROC2, PROC20 | E2(ENABLE_VMFUNC) }),
	PAGE("ctl.vmread_bitmap", VMREAD_BITMAP,
	     { PROC2, PROC20 | E2(SHADOW_VMCS) }),
	PAGE("ctl.vmwrite_bitmap", VMWRITE_BITMAP,
	     { PROC2, PROC20 | E2(SHADOW_VMCS) }),
	PAGE("ctl.ve_info", KL_VMCS_VE_INFO,
	     { PROC2, PROC20 | E2(EPT_VIOLATION_VE) }),
	R("ctl.pt_gpa.needs_ept", PROC2, E2(ENABLE_VPID) | E2(PT_USE_GPA),
	  { ENTRY, ENTRY0 | VM_ENTRY_LOAD_IA32_RTIT_CTL },
	  { EXIT, EXIT0 | VM_EXIT_CLEAR_IA32_RTIT_CTL }),
	R("ctl.pt_gpa.needs_load_rtit", PROC2, PROC20 | E2(PT_USE_GPA),
	  { EXIT, EXIT0 | VM_EXIT_CLEAR_IA32_RTIT_CTL }),
	R("ctl.pt_gpa.needs_clear_rtit", PROC2, PROC20 | E2(PT_USE_GPA),
	  { ENTRY, ENTRY0 | VM_ENTRY_LOAD_IA32_RTIT_CTL }),
	R("ctl.tsc_multiplier.zero", TSC_MULTIPLIER, 0,
	  { PROC2, PROC20 | E2(TSC_SCALING) }),
	R("ctl.ipi_virt.needs_tpr_shadow", PROC3, KL_EXEC3_IPI_VIRT,
	  { PROC, PROC0 | CPU_BASED_ACTIVATE_TERTIARY_CONTROLS }),
	R("ctl.pid_table.align", PID_POINTER_TABLE, 0x1004, T3,
	  { PROC3, KL_EXEC3_IPI_VIRT }),
	R("ctl.pid_table.width", PID_POINTER_TABLE, 0x3fffffffffc0ULL, T3,
	  { PROC3, KL_EXEC3_IPI_VIRT }, { LAST_PID_POINTER_INDEX, 8 }),
	R("ctl.hlatp.reserved", KL_VMCS_HLATP, 0x1020, T3,
	  { PROC3, KL_EXEC3_HLAT }),
	R("ctl.hlatp.width", KL_VMCS_HLATP, FAR, T3, { PROC3, KL_EXEC3_HLAT }),

	R("exit.must_be_1", EXIT, EXIT0 & ~1u),
	RT("exit.must_be_0", T_EXIT_BND, EXIT, EXIT0 | VM_EXIT_CLEAR_BNDCFGS),
	R("exit.secondary.must_be_0", KL_VMCS_EXIT_CONTROLS2, BIT_ULL(63),
	  { EXIT, EXIT0 | KL_EXIT_SECONDARY }),
	R("exit.save_timer.needs_timer", EXIT,
	  EXIT0 | VM_EXIT_SAVE_VMX_PREEMPTION_TIMER),
	LIST("exit.msr_store", VM_EXIT_MSR_STORE_ADDR, VM_EXIT_MSR_STORE_COUNT),
	LIST("exit.msr_load", VM_EXIT_MSR_LOAD_ADDR, VM_EXIT_MSR_LOAD_COUNT),

	R("entry.must_be_1", ENTRY, ENTRY0 & ~1u),
	R("entry.must_be_0", ENTRY, ENTRY0 | BIT(31)),
	R("entry.intr.type_reserved", INFO, VALID | INTR_TYPE_RESERVED),
	RT("entry.intr.type_other", T_NO_MTF, INFO, VALID | INTR_TYPE_OTHER_EVENT),
	R("entry.intr.nmi_vector", INFO, VALID | INTR_TYPE_NMI_INTR | 3),
	R("entry.intr.exception_vector", INFO,
	  VALID | INTR_TYPE_HARD_EXCEPTION | 32),
	R("entry.intr.other_vector", INFO, VALID | INTR_TYPE_OTHER_EVENT | 1),
	R("entry.intr.error_code_missing", INFO,
	  VALID | INTR_TYPE_HARD_EXCEPTION | 13),
	R("entry.intr.error_code_unexpected", INFO,
	  VALID | INTR_TYPE_HARD_EXCEPTION | 6 | INTR_INFO_DELIVER_CODE_MASK),
	R("entry.intr.reserved", INFO, NMI | BIT(12)),
	R("entry.error_code.reserved", VM_ENTRY_EXCEPTION_ERROR_CODE, 0x10000,
	  { INFO, VALID | INTR_TYPE_HARD_EXCEPTION | 13 |
		  INTR_INFO_DELIVER_CODE_MASK }),
	R("entry.insn_len", VM_ENTRY_INSTRUCTION_LEN, 16,
	  { INFO, VALID | INTR_TYPE_SOFT_INTR | 0x80 }),
	LIST("entry.msr_load", VM_ENTRY_MSR_LOAD_ADDR, VM_ENTRY_MSR_LOAD_COUNT),
	R("entry.smm", ENTRY, ENTRY0 | VM_ENTRY_SMM),
	R("entry.dual_monitor", ENTRY, ENTRY0 | VM_ENTRY_DEACT_DUAL_MONITOR),
	RT("entry.rtit.tracing", T_PT, ENTRY,
	   ENTRY0 | VM_ENTRY_LOAD_IA32_RTIT_CTL),
};

static const struct row host_rows[] = {
	R("host.cr0.must_be_1", HOST_CR0, CR00 & ~0x20ULL),
	R("host.cr0.must_be_0", HOST_CR0, CR00 | BIT_ULL(32)),
	R("host.cr4.must_be_1", HOST_CR4, CR40 & ~0x2000ULL),
	R("host.cr4.must_be_0", HOST_CR4, CR40 | BIT_ULL(40)),
	R("host.cr4.cet_needs_wp", HOST_CR4, CR40 | BIT(23),
	  { HOST_CR0, CR00 & ~BIT_ULL(16) }),
	R("host.cr3.width", HOST_CR3, FAR),
	R("host.sysenter_esp.canonical", HOST_IA32_SYSENTER_ESP, WILD),
	R("host.sysenter_eip.canonical", HOST_IA32_SYSENTER_EIP, WILD),
	R("host.perf_global.reserved", HOST_IA32_PERF_GLOBAL_CTRL, BIT_ULL(60),
	  { EXIT, EXIT0 | VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL }),
	R("host.pat.type", HOST_IA32_PAT, PAT0 | 0x0200000000000000ULL),
	R("host.efer.reserved", HOST_IA32_EFER, 0xd01 | BIT(1)),
	R("host.efer.lma", HOST_IA32_EFER, 0xd01 & ~BIT(10)),
	R("host.efer.lme", HOST_IA32_EFER, 0xd01 & ~BIT(8)),
	R("host.s_cet.reserved", KL_VMCS_HOST_S_CET, BIT(6),
	  { EXIT, EXIT0 | KL_EXIT_LOAD_CET }),
	R("host.ssp.align", KL_VMCS_HOST_SSP, 2,
	  { EXIT, EXIT0 | KL_EXIT_LOAD_CET }),
	R("host.ssp.canonical", KL_VMCS_HOST_SSP, WILD,
	  { EXIT, EXIT0 | KL_EXIT_LOAD_CET }),
	R("host.isst.canonical", KL_VMCS_HOST_ISST, WILD,
	  { EXIT, EXIT0 | KL_EXIT_LOAD_CET }),
	R("host.pkrs.high", KL_VMCS_HOST_PKRS, BIT_ULL(32),
	  { EXIT, EXIT0 | KL_EXIT_LOAD_PKRS }),
	R("host.es.rpl_ti", HOST_ES_SELECTOR, 0x1b),
	R("host.cs.rpl_ti", HOST_CS_SELECTOR, 0x11),
	R("host.ss.rpl_ti", HOST_SS_SELECTOR, 0x1c),
	R("host.ds.rpl_ti", HOST_DS_SELECTOR, 0x1a),
	R("host.fs.rpl_ti", HOST_FS_SELECTOR, 0x04),
	R("host.gs.rpl_ti", HOST_GS_SELECTOR, 0x1b),
	R("host.tr.rpl_ti", HOST_TR_SELECTOR, 0x44),
	R("host.cs.null", HOST_CS_SELECTOR, 0),
	R("host.tr.null", HOST_TR_SELECTOR, 0),
	RB("host.ss.null", BNARROW, HOST_SS_SELECTOR, 0),
	R("host.fs.base", HOST_FS_BASE, WILD),
	R("host.gs.base", HOST_GS_BASE, WILD),
	R("host.tr.base", HOST_TR_BASE, WILD),
	R("host.gdtr.base", HOST_GDTR_BASE, WILD),
	R("host.idtr.base", HOST_IDTR_BASE, WILD),
	RB("host.size.long_mode", B32, EXIT,
	   EXIT0 & ~VM_EXIT_HOST_ADDR_SPACE_SIZE,
	   { HOST_IA32_EFER, 0 }, { HOST_RIP, 0x1000 }),
	{ "host.size.guest_not_ia32e", BNARROW, T_NONE, ENTRY, ENTRY0,
	  { { GUEST_IA32_EFER, 0xd01 }, { GUEST_CR4, CR40 } },
	  "host.size.narrow_ia32e" },
	RB("host.size.not_long_mode", BNARROW, EXIT, EXIT0,
	   { HOST_IA32_EFER, 0xd01 }),
	{ "host.size.narrow_ia32e", B64, T_NONE, ENTRY, ENTRY0,
	  { { EXIT, EXIT0 & ~VM_EXIT_HOST_ADDR_SPACE_SIZE },
	    { HOST_IA32_EFER, 0 }, { HOST_RIP, 0x1000 } },
	  "host.size.long_mode" },
	RB("host.size.narrow_pcide", BNARROW, HOST_CR4, CR40 | BIT(17)),
	RB("host.size.narrow_rip", BNARROW, HOST_RIP, BIT_ULL(40)),
	R("host.cr4.pae", HOST_CR4, CR40 & ~0x20ULL),
	R("host.rip.canonical", HOST_RIP, WILD),
};

#define UG { PROC2, PROC20 | E2(UNRESTRICTED_GUEST) }
#define V86(name, seg) \
	RB("guest." name ".base.v8086", BV86, GUEST_##seg##_BASE, 0x12310), \
	RB("guest." name ".limit.v8086", BV86, GUEST_##seg##_LIMIT, 0xfffe), \
	RB("guest." name ".ar.v8086", BV86, GUEST_##seg##_AR_BYTES, 0xf2)
#define RIGHTS(name, seg, ar) \
	R("guest." name ".ar.present", GUEST_##seg##_AR_BYTES, (ar) & ~0x80), \
	R("guest." name ".ar.reserved", GUEST_##seg##_AR_BYTES, \
	  (ar) | BIT(11)), \
	R("guest." name ".ar.g_clear", GUEST_##seg##_AR_BYTES, (ar) | 0x8000, \
	  { GUEST_##seg##_LIMIT, 0xffe }), \
	R("guest." name ".ar.g_set", GUEST_##seg##_AR_BYTES, (ar) & ~0x8000, \
	  { GUEST_##seg##_LIMIT, 0x100fff })
#define DATA(name, seg) \
	R("guest." name ".ar.accessed", GUEST_##seg##_AR_BYTES, DATA0 & ~1), \
	R("guest." name ".ar.readable", GUEST_##seg##_AR_BYTES, 0xc099), \
	R("guest." name ".ar.s", GUEST_##seg##_AR_BYTES, DATA0 & ~0x10), \
	R("guest." name ".ar.dpl", GUEST_##seg##_AR_BYTES, DATA0, \
	  { GUEST_##seg##_SELECTOR, 0x13 }), \
	RIGHTS(name, seg, DATA0)

static const struct row guest_rows[] = {
	R("guest.cr0.must_be_1", GUEST_CR0, CR00 & ~0x20ULL),
	R("guest.cr0.must_be_0", GUEST_CR0, CR00 | BIT_ULL(32)),
	R("guest.cr0.pg_needs_pe", GUEST_CR0, CR00 & ~1ULL, UG),
	R("guest.cr4.must_be_1", GUEST_CR4, CR40 & ~0x2000ULL),
	R("guest.cr4.must_be_0", GUEST_CR4, CR40 | BIT_ULL(40)),
	R("guest.cr4.cet_needs_wp", GUEST_CR4, CR40 | BIT(23),
	  { GUEST_CR0, CR00 & ~BIT_ULL(16) }),
	R("guest.debugctl.reserved", GUEST_IA32_DEBUGCTL, BIT(20)),
	R("guest.ia32e.needs_pg", GUEST_CR0, CR00 & ~BIT_ULL(31), UG),
	R("guest.ia32e.needs_pae", GUEST_CR4, CR40 & ~0x20ULL),
	RB("guest.cr4.pcide", B32, GUEST_CR4, 0x2000 | BIT(17)),
	R("guest.cr3.width", GUEST_CR3, FAR),
	R("guest.dr7.high", GUEST_DR7, BIT_ULL(32)),
	R("guest.sysenter_esp.canonical", GUEST_SYSENTER_ESP, WILD),
	R("guest.sysenter_eip.canonical", GUEST_SYSENTER_EIP, WILD),
	R("guest.perf_global.reserved", GUEST_IA32_PERF_GLOBAL_CTRL, BIT_ULL(60),
	  { ENTRY, ENTRY0 | VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL }),
	R("guest.pat.type", GUEST_IA32_PAT, PAT0 | 8),
	R("guest.efer.reserved", GUEST_IA32_EFER, 0xd01 | BIT(13)),
	R("guest.efer.lma", GUEST_IA32_EFER, 1),
	R("guest.efer.lme", GUEST_IA32_EFER, 0xc01),
	R("guest.bndcfgs.reserved", GUEST_BNDCFGS, 4,
	  { ENTRY, ENTRY0 | VM_ENTRY_LOAD_BNDCFGS }),
	R("guest.bndcfgs.canonical", GUEST_BNDCFGS, WILD | 3,
	  { ENTRY, ENTRY0 | VM_ENTRY_LOAD_BNDCFGS }),
	R("guest.uinv.high", KL_VMCS_GUEST_UINV, 0x100,
	  { ENTRY, ENTRY0 | KL_ENTRY_LOAD_UINV }),
	R("guest.s_cet.reserved", KL_VMCS_GUEST_S_CET, 0xc00,
	  { ENTRY, ENTRY0 | KL_ENTRY_LOAD_CET }),
	R("guest.isst.canonical", KL_VMCS_GUEST_ISST, WILD,
	  { ENTRY, ENTRY0 | KL_ENTRY_LOAD_CET }),
	R("guest.pkrs.high", KL_VMCS_GUEST_PKRS, BIT_ULL(32),
	  { ENTRY, ENTRY0 | KL_ENTRY_LOAD_PKRS }),

	R("guest.tr.ti", GUEST_TR_SELECTOR, 0x44),
	R("guest.ldtr.ti", GUEST_LDTR_SELECTOR, 0x1c),
	R("guest.ss.rpl", GUEST_SS_SELECTOR, 0x11,
	  { GUEST_SS_AR_BYTES, DATA0 | 0x20 }, { GUEST_CS_AR_BYTES, CS64 | 0x20 }),
	V86("es", ES), V86("cs", CS), V86("ss", SS),
	V86("ds", DS), V86("fs", FS), V86("gs", GS),
	R("guest.es.base", GUEST_ES_BASE, BIT_ULL(32)),
	R("guest.cs.base", GUEST_CS_BASE, BIT_ULL(32)),
	R("guest.ss.base", GUEST_SS_BASE, BIT_ULL(32)),
	R("guest.ds.base", GUEST_DS_BASE, BIT_ULL(32)),
	R("guest.fs.base", GUEST_FS_BASE, WILD),
	R("guest.gs.base", GUEST_GS_BASE, WILD),
	R("guest.ldtr.base", GUEST_LDTR_BASE, WILD),
	R("guest.tr.base", GUEST_TR_BASE, WILD),
	R("guest.cs.ar.type", GUEST_CS_AR_BYTES, CS64 & ~1),
	R("guest.cs.ar.s", GUEST_CS_AR_BYTES, CS64 & ~0x10),
	R("guest.cs.ar.dpl_data", GUEST_CS_AR_BYTES, 0xc0b3, UG),
	R("guest.cs.ar.dpl_code", GUEST_CS_AR_BYTES, CS64 | 0x60),
	R("guest.cs.ar.dpl_conforming", GUEST_CS_AR_BYTES, CS64 | 0x24),
	R("guest.cs.ar.db", GUEST_CS_AR_BYTES, CS64 | 0x4000),
	RIGHTS("cs", CS, CS64),
	R("guest.ss.ar.type", GUEST_SS_AR_BYTES, DATA0 & ~2),
	R("guest.ss.ar.s", GUEST_SS_AR_BYTES, DATA0 & ~0x10),
	R("guest.ss.ar.dpl_rpl", GUEST_SS_AR_BYTES, DATA0 | 0x20,
	  { GUEST_CS_AR_BYTES, CS64 | 4 }),
	RB("guest.ss.ar.dpl_zero", BREAL, GUEST_SS_AR_BYTES, 0xb3),
	RIGHTS("ss", SS, DATA0),
	DATA("es", ES), DATA("ds", DS), DATA("fs", FS), DATA("gs", GS),
	R("guest.tr.ar.type", GUEST_TR_AR_BYTES, 0x83),
	R("guest.tr.ar.s", GUEST_TR_AR_BYTES, 0x9b),
	R("guest.tr.ar.usable", GUEST_TR_AR_BYTES, 0x1008b),
	RIGHTS("tr", TR, 0x8b),
	R("guest.ldtr.ar.type", GUEST_LDTR_AR_BYTES, 0x83),
	R("guest.ldtr.ar.s", GUEST_LDTR_AR_BYTES, 0x92),
	RIGHTS("ldtr", LDTR, 0x82),

	R("guest.gdtr.base", GUEST_GDTR_BASE, WILD),
	R("guest.idtr.base", GUEST_IDTR_BASE, WILD),
	R("guest.gdtr.limit", GUEST_GDTR_LIMIT, 0x10000),
	R("guest.idtr.limit", GUEST_IDTR_LIMIT, 0x10000),

	RB("guest.rip.high", B32, GUEST_RIP, BIT_ULL(32)),
	R("guest.rip.canonical", GUEST_RIP, BIT_ULL(48)),
	R("guest.rflags.reserved_0", GUEST_RFLAGS, 0x202 | BIT(15)),
	R("guest.rflags.reserved_1", GUEST_RFLAGS, 0x200),
	RB("guest.rflags.vm", BV86, GUEST_RFLAGS, 0x20202,
	   { GUEST_CR0, 0x30 }, UG),
	R("guest.rflags.if", GUEST_RFLAGS, 2, { INFO, EXT_INT }),
	R("guest.ssp.align", KL_VMCS_GUEST_SSP, 1,
	  { ENTRY, ENTRY0 | KL_ENTRY_LOAD_CET }),
	RB("guest.ssp.high", B32, KL_VMCS_GUEST_SSP, BIT_ULL(32),
	   { ENTRY, ENTRY32 | KL_ENTRY_LOAD_CET }),
	R("guest.ssp.canonical", KL_VMCS_GUEST_SSP, WILD,
	  { ENTRY, ENTRY0 | KL_ENTRY_LOAD_CET }),

	R("guest.activity.supported", GUEST_ACTIVITY_STATE, 4),
	R("guest.activity.hlt_dpl", GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_HLT,
	  { GUEST_SS_AR_BYTES, DATA0 | 0x60 }, { GUEST_SS_SELECTOR, 0x13 },
	  { GUEST_CS_AR_BYTES, CS64 | 0x60 }, { GUEST_CS_SELECTOR, 0xb }),
	R("guest.activity.blocking", GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_HLT,
	  { INTR, GUEST_INTR_STATE_MOV_SS }),
	R("guest.activity.event", GUEST_ACTIVITY_STATE,
	  GUEST_ACTIVITY_WAIT_SIPI, { INFO, NMI }),
	R("guest.interruptibility.reserved", INTR, BIT(5)),
	R("guest.interruptibility.sti_and_mov_ss", INTR, 3),
	R("guest.interruptibility.sti_needs_if", INTR, GUEST_INTR_STATE_STI,
	  { GUEST_RFLAGS, 2 }),
	R("guest.interruptibility.external_interrupt", INTR,
	  GUEST_INTR_STATE_STI, { INFO, EXT_INT }),
	R("guest.interruptibility.nmi", INTR, GUEST_INTR_STATE_MOV_SS,
	  { INFO, NMI }),
	R("guest.interruptibility.smi", INTR, GUEST_INTR_STATE_SMI),
	R("guest.interruptibility.virtual_nmi", INTR, GUEST_INTR_STATE_NMI,
	  { INFO, NMI }),
	R("guest.interruptibility.enclave", INTR, BIT(4)),
	R("guest.pending_debug.reserved", GUEST_PENDING_DBG_EXCEPTIONS, BIT(4)),
	R("guest.pending_debug.step_missing", GUEST_PENDING_DBG_EXCEPTIONS, 0,
	  { GUEST_RFLAGS, 0x302 }, { INTR, GUEST_INTR_STATE_MOV_SS }),
	R("guest.pending_debug.step_unexpected", GUEST_PENDING_DBG_EXCEPTIONS,
	  BIT(14), { INTR, GUEST_INTR_STATE_STI }),
	R("guest.pending_debug.rtm", GUEST_PENDING_DBG_EXCEPTIONS, BIT(16)),
	R("guest.link_pointer.align", VMCS_LINK_POINTER, 0x1001),
	R("guest.link_pointer.width", VMCS_LINK_POINTER, FAR),
	RT("guest.link_pointer.self", T_VMCS, VMCS_LINK_POINTER, 0x5000),
	RB("guest.pdpte0.reserved", B32, GUEST_PDPTR0, 3, { GUEST_CR4, CR40 }),
	RB("guest.pdpte1.reserved", B32, GUEST_PDPTR1, BIT(5) | 1,
	   { GUEST_CR4, CR40 }),
	RB("guest.pdpte2.reserved", B32, GUEST_PDPTR2, FAR | 1,
	   { GUEST_CR4, CR40 }),
	RB("guest.pdpte3.reserved", B32, GUEST_PDPTR3, BIT(8) | 1,
	   { GUEST_CR4, CR40 }),
};

#endif /* KL_UNIT_EXPLAIN_ROWS_H */
