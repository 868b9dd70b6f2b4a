// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMCS explainer: an image that breaks nothing, then one broken rule at a
 * time, and random images to show that nothing crashes it.
 *
 * Every rule of the explainer has a case (the last test counts them), and each
 * case demands that just its rule is reported, with the right field and value.
 */
#include "kt.h"
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

static void tweak(enum tweak t, struct kl_vmx_caps *caps,
		  struct kl_explain_env *env)
{
	switch (t) {
	case T_NONE:
		break;
	case T_PROC2_MUST:
		caps->proc2 |= SECONDARY_EXEC_WBINVD_EXITING;
		break;
	case T_EXIT_BND:
		caps->true_exit &= ~((u64)VM_EXIT_CLEAR_BNDCFGS << 32);
		break;
	case T_NO_MTF:
		caps->true_proc &= ~((u64)CPU_BASED_MONITOR_TRAP_FLAG << 32);
		break;
	case T_NO_EPT_AD:
		caps->ept_vpid &= ~VMX_EPT_AD_BIT;
		break;
	case T_NO_SSS:
		caps->ept_vpid &= ~KL_EPT_CAP_SSS;
		break;
	case T_VTPR:
		env->vtpr = 0x40;
		break;
	case T_PT:
		env->pt_tracing = true;
		break;
	case T_VMCS:
		env->vmcs = 0x5000;
		break;
	}
}

struct seen {
	const struct row *row;
	unsigned int hits, others;
};

static void look(void *ctx, const struct kl_violation *v)
{
	struct seen *s = ctx;
	char line[400];

	kl_explain_format(line, sizeof(line), v);
	if (s->row->also && !strcmp(v->rule, s->row->also))
		return;
	if (strcmp(v->rule, s->row->rule)) {
		s->others++;
		kt_fail(__FILE__, __LINE__, "not expected: %s", line);
		return;
	}
	s->hits++;
	EXPECT_EQ(v->encoding, s->row->field);
	EXPECT_EQ(v->value, s->row->value);
	EXPECT_STREQ(v->field, kl_vmcs_fields[kl_field_find(v->encoding)].name);
	EXPECT(v->expected[0]);
	EXPECT(strlen(v->expected) < KL_EXPECTED_LEN - 1);
	EXPECT(v->section && v->section[0]);
	EXPECT(strstr(line, v->rule) && strstr(line, v->expected));
}

static void run_row(const struct row *r)
{
	struct kl_explain_env env;
	struct kl_vmx_caps caps;
	struct kl_vmcs_image img;
	struct seen seen = { r };
	unsigned int i;
	int nr;

	base_image(r->base, &img, &caps, &env);
	tweak(r->tweak, &caps, &env);
	for (i = 0; i < ARRAY_SIZE(r->with); i++) {
		if (r->with[i].field || r->with[i].value)
			EXPECT(kl_image_put(&img, r->with[i].field,
					    r->with[i].value));
	}
	EXPECT(kl_image_put(&img, r->field, r->value));
	nr = kl_explain(&img, &env, look, &seen);
	EXPECT_EQ(seen.hits, 1);
	EXPECT_EQ(nr, 1 + !!r->also);
	kt_case(r->rule);
}

static void run_rows(const struct row *rows, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		run_row(&rows[i]);
}

static void complain(void *ctx, const struct kl_violation *v)
{
	char line[400];

	kl_explain_format(line, sizeof(line), v);
	kt_fail(__FILE__, __LINE__, "%s: %s", (const char *)ctx, line);
}

KT_TEST(valid_images)
{
	static const char * const names[BASES] = {
		"64-bit", "32-bit", "virtual-8086", "real", "32-bit host"
	};
	struct kl_explain_env env;
	struct kl_vmx_caps caps;
	struct kl_vmcs_image img;
	unsigned int b;

	for (b = 0; b < BASES; b++) {
		base_image(b, &img, &caps, &env);
		EXPECT_EQ(kl_explain(&img, &env, complain, (void *)names[b]), 0);
	}
}

/* States that look odd but that the SDM allows. */
KT_TEST(allowed_oddities)
{
	static const struct row rows[] = {
		/* RIP need not be canonical, its bits 63:N must be equal. */
		R("rip", GUEST_RIP, WILD),
		/* An unusable register is not looked at. */
		R("ds", GUEST_DS_AR_BYTES, 0x10000, { GUEST_DS_BASE, FAR }),
		R("ldtr", GUEST_LDTR_AR_BYTES, 0x10000,
		  { GUEST_LDTR_BASE, WILD }, { GUEST_LDTR_SELECTOR, 4 }),
		/* CD and NW are free. */
		R("cr0", GUEST_CR0, CR00 | 0x60000000),
		/* Unpaged protected mode with unrestricted guest. */
		RB("pe", B32, GUEST_CR0, 0x31, UG),
		/* Type 3 in CS with unrestricted guest. */
		RB("cs", BREAL, GUEST_CS_AR_BYTES, 0x93),
		/* #DB and #MC wake a halted guest. */
		R("hlt", GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_HLT,
		  { INFO, VALID | INTR_TYPE_HARD_EXCEPTION | 1 }),
		R("shutdown", GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_SHUTDOWN,
		  { INFO, NMI }),
		/* No error code in real mode. */
		RB("real", BREAL, INFO, VALID | INTR_TYPE_HARD_EXCEPTION | 13),
		/* #CP has one on a CPU with CET. */
		R("cp", INFO, VALID | INTR_TYPE_HARD_EXCEPTION | 21 |
		  INTR_INFO_DELIVER_CODE_MASK),
		/* A length of 0 where the CPU says so. */
		R("len", VM_ENTRY_INSTRUCTION_LEN, 0,
		  { INFO, VALID | INTR_TYPE_SOFT_EXCEPTION | 3 }),
		/* Addresses that no control uses. */
		R("io", IO_BITMAP_A, FAR | 1),
		R("msr", VM_EXIT_MSR_LOAD_ADDR, FAR | 1),
		/* Nothing of an event that is not valid. */
		R("event", INFO, 0x7fffffff),
		/* A threshold above VTPR while APIC accesses are virtualized. */
		RT("tpr", T_VTPR, TPR_THRESHOLD, 5, TPR,
		   { PROC2, PROC20 | E2(VIRTUALIZE_APIC_ACCESSES) }),
		/* An absent PDPTE may hold anything. */
		RB("pdpte", B32, GUEST_PDPTR0, FAR | 0x1e6, { GUEST_CR4, CR40 }),
		/* A secondary control that is not activated. */
		R("secondary", PROC2, ~0u,
		  { PROC, PROC0 & ~CPU_BASED_ACTIVATE_SECONDARY_CONTROLS }),
	};
	struct kl_explain_env env;
	struct kl_vmx_caps caps;
	struct kl_vmcs_image img;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		base_image(rows[i].base, &img, &caps, &env);
		tweak(rows[i].tweak, &caps, &env);
		for (j = 0; j < ARRAY_SIZE(rows[i].with); j++) {
			if (rows[i].with[j].field || rows[i].with[j].value)
				kl_image_put(&img, rows[i].with[j].field,
					     rows[i].with[j].value);
		}
		kl_image_put(&img, rows[i].field, rows[i].value);
		EXPECT_EQ(kl_explain(&img, &env, complain,
				     (void *)rows[i].rule), 0);
	}
}

KT_TEST(one_rule_at_a_time)
{
	run_rows(control_rows, ARRAY_SIZE(control_rows));
	run_rows(host_rows, ARRAY_SIZE(host_rows));
	run_rows(guest_rows, ARRAY_SIZE(guest_rows));
}

static bool has_row(const char *rule)
{
	static const struct {
		const struct row *rows;
		unsigned int nr;
	} all[] = {
		{ control_rows, ARRAY_SIZE(control_rows) },
		{ host_rows, ARRAY_SIZE(host_rows) },
		{ guest_rows, ARRAY_SIZE(guest_rows) },
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		for (j = 0; j < all[i].nr; j++) {
			if (!strcmp(all[i].rows[j].rule, rule))
				return true;
		}
	}
	return false;
}

KT_TEST(every_rule_has_a_case)
{
	unsigned int i, j, nr = kl_explain_rule_names(NULL, 0);
	const char *names[512];

	ASSERT(nr >= 90 && nr <= ARRAY_SIZE(names));
	EXPECT_EQ(kl_explain_rule_names(names, ARRAY_SIZE(names)), nr);
	printf("# %u rules\n", nr);
	for (i = 0; i < nr; i++) {
		if (!has_row(names[i]))
			kt_fail(__FILE__, __LINE__, "no case for %s", names[i]);
		for (j = 0; j < i; j++)
			EXPECT(strcmp(names[i], names[j]));
	}
}

/* The field list: no encoding twice, widths as the encodings say. */
KT_TEST(fields)
{
	static const u8 widths[] = { 16, 64, 32, 64 };
	unsigned int i, j;

	for (i = 0; i < KL_FIELDS; i++) {
		const struct kl_field_desc *f = &kl_vmcs_fields[i];

		EXPECT_EQ(f->width, widths[f->encoding >> 13 & 3]);
		EXPECT(!(f->encoding & 1));
		EXPECT_EQ(kl_field_find(f->encoding), i);
		EXPECT(kl_field_exists(&model_everything, i));
		for (j = 0; j < i; j++)
			EXPECT(f->encoding != kl_vmcs_fields[j].encoding);
		/* Type in bits 11:10: control, exit information, guest, host. */
		switch (f->encoding >> 10 & 3) {
		case 0:
			EXPECT_EQ(f->group, KL_GROUP_CONTROL);
			break;
		case 1:
			EXPECT_EQ(f->group, KL_GROUP_EXIT_INFO);
			break;
		case 2:
			EXPECT_EQ(f->group, KL_GROUP_GUEST);
			break;
		default:
			EXPECT_EQ(f->group, KL_GROUP_HOST);
		}
	}
	EXPECT_EQ(kl_field_find(0x7ffe), -ENOENT);
	EXPECT(!kl_field_exists(&model_penryn, KL_F_EPT_POINTER));
	EXPECT(kl_field_exists(&model_penryn, KL_F_GUEST_CR0));
}

KT_TEST(image)
{
	struct kl_vmcs_image img = { 0 };
	u64 value = 7;

	EXPECT(!kl_image_get(&img, GUEST_CR0, &value));
	EXPECT(kl_image_put(&img, GUEST_CR0, ~0ULL));
	EXPECT(kl_image_get(&img, GUEST_CR0, &value));
	EXPECT_EQ(value, ~0ULL);
	EXPECT(kl_image_put(&img, GUEST_CS_SELECTOR, ~0ULL));
	EXPECT(kl_image_get(&img, GUEST_CS_SELECTOR, &value));
	EXPECT_EQ(value, 0xffff);
	EXPECT(!kl_image_put(&img, 0x7ffe, 1));
	EXPECT(!kl_image_get(&img, 0x7ffe, &value));
}

static u64 echo(void *ctx, u32 encoding)
{
	++*(unsigned int *)ctx;
	return encoding;
}

/* Only fields the CPU has are read: others would make VMREAD fail. */
KT_TEST(image_read)
{
	struct kl_vmcs_image img;
	unsigned int few = 0, all = 0;
	u64 value;

	kl_image_read(&img, &model_penryn, echo, &few);
	EXPECT(!kl_image_get(&img, EPT_POINTER, &value));
	EXPECT(kl_image_get(&img, GUEST_RIP, &value));
	EXPECT_EQ(value, GUEST_RIP);
	kl_image_read(&img, &model_everything, echo, &all);
	EXPECT_EQ(all, KL_FIELDS);
	EXPECT(few < all);
}

/* A rule about a field that is not in the image is silent. */
KT_TEST(empty_image)
{
	struct kl_vmcs_image img = { 0 };
	struct kl_vmx_caps caps = model_everything;
	struct kl_explain_env env = {
		.caps = &caps, .maxphyaddr = 46, .linear_bits = 48, .vtpr = -1,
	};

	EXPECT_EQ(kl_explain(&img, &env, complain, "empty"), 0);
}

KT_TEST(expected_names_the_bit)
{
	struct kl_violation v = {
		.rule = "r", .field = "F", .encoding = 0x4000, .value = 0x16,
		.expected = "E", .section = "S",
	};
	char line[64], tiny[8];

	kl_explain_format(line, sizeof(line), &v);
	EXPECT_STREQ(line, "r: F (0x4000) is 0x16; expected: E [S]");
	EXPECT_EQ(kl_explain_format(tiny, sizeof(tiny), &v), 7);
	EXPECT_STREQ(tiny, "r: F (0");
}

KT_TEST(names)
{
	unsigned int i;

	EXPECT_STREQ(kl_vminstr_error_name(7),
		     "VM entry with invalid control field(s)");
	EXPECT_STREQ(kl_vminstr_error_name(14), "unknown VM-instruction error");
	EXPECT_STREQ(kl_exit_reason_name(EXIT_REASON_CPUID), "CPUID");
	EXPECT_STREQ(kl_exit_reason_name(VMX_EXIT_REASONS_FAILED_VMENTRY | 33),
		     "entry failure: invalid guest state");
	EXPECT_STREQ(kl_exit_reason_name(35), "unknown exit reason");
	for (i = 0; i < 0x20000; i++) {
		ASSERT(kl_vminstr_error_name(i)[0]);
		ASSERT(kl_exit_reason_name(i)[0]);
	}
}

/* xorshift64: the same run on every machine. */
static u64 rnd(u64 *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static void well_formed(void *ctx, const struct kl_violation *v)
{
	char line[400];
	int n = kl_explain_format(line, sizeof(line), v);

	++*(unsigned int *)ctx;
	ASSERT(n > 0 && n < (int)sizeof(line));
	ASSERT(v->expected[0]);
}

KT_TEST(fuzz_random_images)
{
	struct kl_explain_env env;
	struct kl_vmx_caps caps;
	struct kl_vmcs_image img;
	u64 seed = 0x6b766d6c697465ULL;
	unsigned int round, i;

	for (round = 0; round < 5000; round++) {
		unsigned int nr = 0;

		base_image(B64, &img, &caps, &env);
		env.maxphyaddr = 32 + rnd(&seed) % 21;
		env.linear_bits = rnd(&seed) & 1 ? 57 : 48;
		env.vtpr = (int)(rnd(&seed) % 257) - 1;
		env.host_long_mode = rnd(&seed) & 1;
		for (i = 0; i < 20; i++) {
			u32 msr;

			kl_caps_msr_name(i, &msr);
			if (!(rnd(&seed) & 3))
				kl_caps_set(&caps, msr, rnd(&seed));
		}
		for (i = 0; i < KL_FIELDS; i++)
			kl_image_put(&img, kl_vmcs_fields[i].encoding,
				     rnd(&seed) & rnd(&seed));
		if (round & 1)
			img.valid[rnd(&seed) % ARRAY_SIZE(img.valid)] &= rnd(&seed);
		i = kl_explain(&img, &env, well_formed, &nr);
		ASSERT_EQ(i, nr);
	}
}

/* One flipped bit of a valid image: never a crash, and the count is honest. */
KT_TEST(fuzz_flipped_bits)
{
	struct kl_explain_env env;
	struct kl_vmx_caps caps;
	struct kl_vmcs_image img;
	unsigned int b, i, bit, reported = 0;

	for (b = 0; b < BASES; b++) {
		base_image(b, &img, &caps, &env);
		for (i = 0; i < KL_FIELDS; i++) {
			for (bit = 0; bit < kl_vmcs_fields[i].width; bit++) {
				u64 old = img.value[i];
				unsigned int nr = 0;
				int ret;

				img.value[i] ^= BIT_ULL(bit);
				ret = kl_explain(&img, &env, well_formed, &nr);
				ASSERT_EQ(ret, nr);
				ASSERT_EQ(kl_explain(&img, &env, NULL, NULL), nr);
				reported += !!nr;
				img.value[i] = old;
			}
		}
		ASSERT_EQ(kl_explain(&img, &env, complain, "restored"), 0);
	}
	EXPECT(reported > 1000);
}

KT_MAIN
