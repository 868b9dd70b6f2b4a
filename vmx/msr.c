// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's model-specific registers: one table of those that are a value
 * somewhere, one function for those that do something.
 *
 * tour 47: an MSR is a row here or a case below; anything else is #GP, as on
 * a CPU that does not have it.
 */
#include <linux/array_size.h>
#include <linux/bitmap.h>
#include <linux/cpufeature.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <asm/apicdef.h>
#include <asm/msr.h>
#include <asm/mtrr.h>
#include <asm/vmx.h>

#include "../irq/irq.h"
#include "../uapi/object.h"
#include "cpuid.h"
#include "guest_state.h"
#include "host.h"
#include "msr.h"

enum msr_kind {
	MSR_FIELD,	/* @where is a VMCS field */
	MSR_SOFT,	/* @where is an offset in struct kl_vcpu_vmx */
	MSR_STORE,	/* a value of its own in vcpu->vmx.msr[] */
	MSR_CONST,	/* always @where; the guest's writes are #GP */
	MSR_IGNORE,	/* always @where; the guest's writes have no effect */
};

/* What a value must satisfy. */
enum msr_rule {
	RULE_ANY,
	RULE_CANONICAL,
	RULE_LOW32,
	RULE_PAT,
	RULE_MTRR_TYPES,
	RULE_MTRR_DEF,
	RULE_DEBUGCTL,
	RULE_ZERO,
};

/**
 * struct kl_msr - MSRs that are a value
 * @first: first number
 * @nr: how many in a row
 * @kind: where the value is
 * @rule: which values are legal
 * @listed: KVM_GET_MSR_INDEX_LIST names it
 * @where: by @kind
 * @reset: value after power-on (MSR_STORE only)
 */
struct kl_msr {
	u32 first;
	u16 nr;
	u8 kind;
	u8 rule;
	bool listed;
	u32 where;
	u64 reset;
};

#define SOFT(m) .kind = MSR_SOFT, .where = offsetof(struct kl_vcpu_vmx, m)
#define FIELD(f) .kind = MSR_FIELD, .where = (f)

/* 8 variable ranges, fixed ranges, write-combining. */
#define KL_MTRR_CAP (8 | BIT(8) | BIT(10))
/* Fast strings, BTS and PEBS unavailable. */
#define KL_MISC_ENABLE (BIT(0) | BIT(11) | BIT(12))

/* Ascending. */
static const struct kl_msr msrs[] = {
	{ MSR_IA32_PLATFORM_ID, 1, .kind = MSR_CONST },
	{ MSR_IA32_UCODE_REV, 1, .kind = MSR_IGNORE },
	{ MSR_MTRRcap, 1, .kind = MSR_CONST, .where = KL_MTRR_CAP },
	{ MSR_IA32_SYSENTER_CS, 1, FIELD(GUEST_SYSENTER_CS), .rule = RULE_LOW32, .listed = true },
	{ MSR_IA32_SYSENTER_ESP, 1, FIELD(GUEST_SYSENTER_ESP), .rule = RULE_CANONICAL,
	  .listed = true },
	{ MSR_IA32_SYSENTER_EIP, 1, FIELD(GUEST_SYSENTER_EIP), .rule = RULE_CANONICAL,
	  .listed = true },
	{ MSR_IA32_MCG_CAP, 1, .kind = MSR_CONST },
	{ MSR_IA32_MCG_STATUS, 1, .kind = MSR_STORE },
	{ MSR_IA32_MISC_ENABLE, 1, .kind = MSR_STORE, .reset = KL_MISC_ENABLE, .listed = true },
	{ MSR_IA32_DEBUGCTLMSR, 1, FIELD(GUEST_IA32_DEBUGCTL), .rule = RULE_DEBUGCTL },
	{ MTRRphysBase_MSR(0), 16, .kind = MSR_STORE },
	{ MSR_MTRRfix64K_00000, 1, .kind = MSR_STORE, .rule = RULE_MTRR_TYPES },
	{ MSR_MTRRfix16K_80000, 2, .kind = MSR_STORE, .rule = RULE_MTRR_TYPES },
	{ MSR_MTRRfix4K_C0000, 8, .kind = MSR_STORE, .rule = RULE_MTRR_TYPES },
	{ MSR_IA32_CR_PAT, 1, FIELD(GUEST_IA32_PAT), .rule = RULE_PAT, .listed = true },
	{ MSR_MTRRdefType, 1, .kind = MSR_STORE, .rule = RULE_MTRR_DEF },
	{ MSR_IA32_XSS, 1, .kind = MSR_STORE, .rule = RULE_ZERO },
	{ MSR_STAR, 1, SOFT(star), .listed = true },
	{ MSR_LSTAR, 1, SOFT(lstar), .rule = RULE_CANONICAL, .listed = true },
	{ MSR_CSTAR, 1, SOFT(cstar), .rule = RULE_CANONICAL, .listed = true },
	{ MSR_SYSCALL_MASK, 1, SOFT(syscall_mask), .rule = RULE_LOW32, .listed = true },
	{ MSR_FS_BASE, 1, FIELD(GUEST_FS_BASE), .rule = RULE_CANONICAL },
	{ MSR_GS_BASE, 1, FIELD(GUEST_GS_BASE), .rule = RULE_CANONICAL },
	{ MSR_KERNEL_GS_BASE, 1, SOFT(kernel_gs_base), .rule = RULE_CANONICAL, .listed = true },
	{ MSR_TSC_AUX, 1, SOFT(tsc_aux), .rule = RULE_LOW32, .listed = true },
};

/* Those with a case of their own that the index list names too. */
static const u32 special_listed[] = {
	MSR_IA32_TSC, MSR_IA32_APICBASE, MSR_IA32_TSC_ADJUST, MSR_IA32_TSC_DEADLINE, MSR_EFER,
};

static u32 index_list[ARRAY_SIZE(msrs) + ARRAY_SIZE(special_listed)];

static unsigned int store_slots(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		if (msrs[i].kind == MSR_STORE)
			n += msrs[i].nr;
	return n;
}

/* The row of an MSR; @slot is its first position in vcpu->vmx.msr[]. */
static const struct kl_msr *find_msr(u32 msr, unsigned int *slot)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(msrs) && msrs[i].first <= msr; i++) {
		if (msr - msrs[i].first < msrs[i].nr) {
			*slot = n + (msr - msrs[i].first);
			return &msrs[i];
		}
		if (msrs[i].kind == MSR_STORE)
			n += msrs[i].nr;
	}
	return NULL;
}

static bool memory_types_valid(u64 data, u8 bits, unsigned int allowed)
{
	int i;

	for (i = 0; i < 8; i++, data >>= 8)
		if ((u8)data >= bits || !(allowed & BIT((u8)data)))
			return false;
	return true;
}

static bool canonical(u64 address)
{
	return (u64)((s64)(address << 16) >> 16) == address;
}

/* SDM, "Model-Specific Registers (MSRs)", the reserved bits of each. */
static bool value_legal(u8 rule, u64 data)
{
	switch (rule) {
	case RULE_CANONICAL:
		return canonical(data);
	case RULE_LOW32:
		return !(data >> 32);
	case RULE_PAT: /* UC WC WT WP WB UC- */
		return memory_types_valid(data, 8, 0xf3);
	case RULE_MTRR_TYPES: /* UC WC WT WP WB */
		return memory_types_valid(data, 7, 0x73);
	case RULE_MTRR_DEF:
		return !(data & ~0xcffULL) && memory_types_valid(data & 0xff, 7, 0x73);
	case RULE_DEBUGCTL:
		return !(data & ~(u64)DEBUGCTLMSR_BTF);
	case RULE_ZERO:
		return !data;
	}
	return true;
}

static u64 *soft_value(struct kl_vcpu *vcpu, const struct kl_msr *m, unsigned int slot)
{
	if (m->kind == MSR_STORE)
		return &vcpu->vmx.msr[slot];
	return (u64 *)((char *)&vcpu->vmx + m->where);
}

/* MSRs that exist only if the guest's CPUID says so. */
static bool msr_absent(struct kl_vcpu *vcpu, u32 msr)
{
	const struct kl_guest_features *f = &vcpu->vmx.cpuid.features;

	switch (msr) {
	case MSR_TSC_AUX:
		return !f->rdtscp;
	case MSR_IA32_XSS:
		return !f->xsaves;
	case MSR_IA32_TSC_ADJUST:
		return !f->tsc_adjust;
	case MSR_IA32_SPEC_CTRL:
		return !f->spec_ctrl;
	case MSR_IA32_PRED_CMD:
		return !f->pred_cmd;
	}
	return false;
}

/**
 * kl_guest_tsc - what RDTSC would read in the guest now
 * @vcpu: the vCPU
 *
 * Return: guest TSC ticks.
 */
u64 kl_guest_tsc(struct kl_vcpu *vcpu)
{
	return rdtsc() + vcpu->irq.tsc_offset;
}

/**
 * kl_tsc_offset_set - change the guest's TSC
 * @vcpu: the vCPU, loaded
 * @offset: guest TSC minus host TSC
 */
void kl_tsc_offset_set(struct kl_vcpu *vcpu, s64 offset)
{
	vcpu->irq.tsc_offset = offset;
	vmx_vmwrite(TSC_OFFSET, offset);
	kl_irq_tsc_changed(vcpu);
}

static int get_special(struct kl_vcpu *vcpu, u32 msr, u64 *data)
{
	switch (msr) {
	case MSR_IA32_TSC:
		*data = kl_guest_tsc(vcpu);
		return 0;
	case MSR_IA32_TSC_ADJUST:
		*data = vcpu->vmx.tsc_adjust;
		return 0;
	case MSR_IA32_APICBASE:
		*data = kl_lapic_base_get(vcpu);
		return 0;
	case MSR_IA32_TSC_DEADLINE:
	case 0x800 ... 0x8ff:
		return kl_lapic_msr_read(vcpu, msr, data);
	case MSR_IA32_SPEC_CTRL:
		*data = vcpu->vmx.entry.guest_spec_ctrl;
		return 0;
	case MSR_EFER:
		*data = vcpu->vmx.efer;
		return 0;
	}
	return 1;
}

/**
 * kl_msr_get - read an MSR of the guest
 * @vcpu: the vCPU, loaded
 * @msr: its number
 * @data: out
 * @host: asked by the client, which may see MSRs the guest's CPUID hides
 *
 * Return: 0, or 1 if the guest is to take #GP.
 */
int kl_msr_get(struct kl_vcpu *vcpu, u32 msr, u64 *data, bool host)
{
	const struct kl_msr *m;
	unsigned int slot;

	if (!host && msr_absent(vcpu, msr))
		return 1;
	m = find_msr(msr, &slot);
	if (!m)
		return get_special(vcpu, msr, data);
	switch (m->kind) {
	case MSR_FIELD:
		*data = vmx_vmread(m->where);
		return 0;
	case MSR_SOFT:
		preempt_disable();
		if (msr == MSR_KERNEL_GS_BASE && vcpu->vmx.host.loaded)
			vcpu->vmx.kernel_gs_base = kl_rdmsr(msr);
		preempt_enable();
		fallthrough;
	case MSR_STORE:
		*data = *soft_value(vcpu, m, slot);
		return 0;
	default:
		*data = m->where;
		return 0;
	}
}

static int set_tsc(struct kl_vcpu *vcpu, u64 data, bool host)
{
	s64 offset = data - rdtsc();

	/* The guest's write moves TSC_ADJUST along (SDM, "Time-Stamp Counter Adjustment"). */
	if (!host)
		vcpu->vmx.tsc_adjust += offset - vcpu->irq.tsc_offset;
	kl_tsc_offset_set(vcpu, offset);
	return 0;
}

/**
 * kl_apic_base_set - write IA32_APIC_BASE
 * @vcpu: the vCPU
 * @base: the value
 * @host: asked by the client
 *
 * Return: 0, or 1 for a value that raises #GP, x2APIC mode without the CPUID
 * bit included.
 */
int kl_apic_base_set(struct kl_vcpu *vcpu, u64 base, bool host)
{
	if ((base & X2APIC_ENABLE) && !host && !vcpu->vmx.cpuid.features.x2apic)
		return 1;
	if (kl_lapic_base_set(vcpu, base, host))
		return 1;
	kl_cpuid_track_apic(vcpu, base & MSR_IA32_APICBASE_ENABLE);
	return 0;
}

/*
 * Bits of IA32_SPEC_CTRL that this CPU has. The value is written by the host at
 * each entry, where a fault would be the host's: so this holds for clients too.
 */
static u64 spec_ctrl_bits(void)
{
	u64 bits = 0;

	if (boot_cpu_has(X86_FEATURE_SPEC_CTRL))
		bits |= SPEC_CTRL_IBRS;
	if (boot_cpu_has(X86_FEATURE_INTEL_STIBP))
		bits |= SPEC_CTRL_STIBP;
	if (boot_cpu_has(X86_FEATURE_SPEC_CTRL_SSBD))
		bits |= SPEC_CTRL_SSBD;
	return bits;
}

/* Passing IA32_SPEC_CTRL through costs two accesses an exit: only if used. */
static int set_spec_ctrl(struct kl_vcpu *vcpu, u64 data)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;

	if (data & ~spec_ctrl_bits())
		return 1;
	v->entry.guest_spec_ctrl = data;
	if (data && !v->spec_ctrl_used) {
		v->spec_ctrl_used = true;
		__clear_bit(MSR_IA32_SPEC_CTRL, v->msr_bitmap);
		__clear_bit(MSR_IA32_SPEC_CTRL, v->msr_bitmap + 2048 / sizeof(long));
	}
	return 0;
}

static int set_efer(struct kl_vcpu *vcpu, u64 data, bool host)
{
	u64 change = (data ^ vcpu->vmx.efer) & EFER_LME;

	data &= ~(u64)EFER_LMA;
	if (!kl_efer_valid(vcpu, data))
		return 1;
	/* LME must not change while paging is on. */
	if (!host && change && kl_paging(vcpu))
		return 1;
	kl_set_efer(vcpu, data);
	return 0;
}

static int set_special(struct kl_vcpu *vcpu, u32 msr, u64 data, bool host)
{
	switch (msr) {
	case MSR_IA32_TSC:
		return set_tsc(vcpu, data, host);
	case MSR_IA32_TSC_ADJUST:
		if (!host)
			kl_tsc_offset_set(vcpu, vcpu->irq.tsc_offset + data -
					  vcpu->vmx.tsc_adjust);
		vcpu->vmx.tsc_adjust = data;
		return 0;
	case MSR_IA32_APICBASE:
		return kl_apic_base_set(vcpu, data, host);
	case MSR_IA32_TSC_DEADLINE:
	case 0x800 ... 0x8ff:
		return kl_lapic_msr_write(vcpu, msr, data);
	case MSR_IA32_SPEC_CTRL:
		return set_spec_ctrl(vcpu, data);
	case MSR_IA32_PRED_CMD:
		if (data & ~(u64)PRED_CMD_IBPB)
			return 1;
		if (data)
			kl_host_ibpb();
		return 0;
	case MSR_EFER:
		return set_efer(vcpu, data, host);
	}
	return 1;
}

/* A soft value that the CPU holds while the guest's MSRs are loaded. */
static void update_loaded(struct kl_vcpu *vcpu, u32 msr, u64 data)
{
	if (!vcpu->vmx.host.loaded)
		return;
	switch (msr) {
	case MSR_STAR:
	case MSR_LSTAR:
	case MSR_CSTAR:
	case MSR_SYSCALL_MASK:
	case MSR_KERNEL_GS_BASE:
	case MSR_TSC_AUX:
		kl_wrmsr(msr, data);
	}
}

/**
 * kl_msr_set - write an MSR of the guest
 * @vcpu: the vCPU, loaded
 * @msr: its number
 * @data: the value
 * @host: asked by the client, which may restore what the guest could not write
 *
 * Return: 0, or 1 if the guest is to take #GP.
 */
int kl_msr_set(struct kl_vcpu *vcpu, u32 msr, u64 data, bool host)
{
	const struct kl_msr *m;
	unsigned int slot;

	if (!host && msr_absent(vcpu, msr))
		return 1;
	m = find_msr(msr, &slot);
	if (!m)
		return set_special(vcpu, msr, data, host);
	if (!value_legal(m->rule, data))
		return 1;
	switch (m->kind) {
	case MSR_FIELD:
		vmx_vmwrite(m->where, data);
		return 0;
	case MSR_SOFT:
		*soft_value(vcpu, m, slot) = data;
		/* The thread must not migrate between the test and the write. */
		preempt_disable();
		update_loaded(vcpu, msr, data);
		preempt_enable();
		return 0;
	case MSR_STORE:
		*soft_value(vcpu, m, slot) = data;
		return 0;
	case MSR_IGNORE:
		return 0;
	default:
		return !(host && data == m->where);
	}
}

/**
 * kl_msr_index_list - what KVM_GET_MSR_INDEX_LIST names
 * @nr: out: length
 *
 * Return: MSR numbers; each can be read and written by the client.
 */
const u32 *kl_msr_index_list(unsigned int *nr)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		if (msrs[i].listed &&
		    (msrs[i].first != MSR_TSC_AUX || boot_cpu_has(X86_FEATURE_RDTSCP)))
			index_list[n++] = msrs[i].first;
	for (i = 0; i < ARRAY_SIZE(special_listed); i++)
		index_list[n++] = special_listed[i];
	*nr = n;
	return index_list;
}

/* Let the guest access an MSR without an exit. */
static void pass(struct kl_vcpu *vcpu, u32 msr, bool read, bool write)
{
	/* SDM, "MSR-Bitmap Address": low reads, high reads, low writes, high writes. */
	unsigned int bit = (msr & 0x1fff) + (msr >= 0xc0000000 ? 8192 : 0);

	if (read)
		__clear_bit(bit, vcpu->vmx.msr_bitmap);
	if (write)
		__clear_bit(bit + 16384, vcpu->vmx.msr_bitmap);
}

/**
 * kl_msr_vcpu_init - allocate a vCPU's MSR storage and bitmap
 * @vcpu: the vCPU
 *
 * Passed through: what the VMCS switches, and reads of what is loaded anyway.
 *
 * Return: 0 or -ENOMEM.
 */
int kl_msr_vcpu_init(struct kl_vcpu *vcpu)
{
	unsigned int i, slot;

	vcpu->vmx.msr = kcalloc(store_slots(), sizeof(u64), GFP_KERNEL_ACCOUNT);
	vcpu->vmx.msr_bitmap = (unsigned long *)__get_free_page(GFP_KERNEL_ACCOUNT);
	if (!vcpu->vmx.msr || !vcpu->vmx.msr_bitmap) {
		kl_msr_vcpu_destroy(vcpu);
		return -ENOMEM;
	}
	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		if (msrs[i].kind == MSR_STORE && msrs[i].reset) {
			find_msr(msrs[i].first, &slot);
			vcpu->vmx.msr[slot] = msrs[i].reset;
		}

	bitmap_fill(vcpu->vmx.msr_bitmap, PAGE_SIZE * 8);
	pass(vcpu, MSR_FS_BASE, true, true);
	pass(vcpu, MSR_GS_BASE, true, true);
	pass(vcpu, MSR_KERNEL_GS_BASE, true, true);
	pass(vcpu, MSR_IA32_SYSENTER_CS, true, true);
	pass(vcpu, MSR_IA32_SYSENTER_ESP, true, true);
	pass(vcpu, MSR_IA32_SYSENTER_EIP, true, true);
	pass(vcpu, MSR_IA32_TSC, true, false);
	pass(vcpu, MSR_EFER, true, false);
	pass(vcpu, MSR_STAR, true, false);
	pass(vcpu, MSR_LSTAR, true, false);
	pass(vcpu, MSR_CSTAR, true, false);
	pass(vcpu, MSR_SYSCALL_MASK, true, false);
	if (vcpu->vmx.ctl.exit & VM_EXIT_SAVE_IA32_PAT)
		pass(vcpu, MSR_IA32_CR_PAT, true, true);
	return 0;
}

/**
 * kl_msr_vcpu_destroy - free them
 * @vcpu: the vCPU
 */
void kl_msr_vcpu_destroy(struct kl_vcpu *vcpu)
{
	kfree(vcpu->vmx.msr);
	vcpu->vmx.msr = NULL;
	free_page((unsigned long)vcpu->vmx.msr_bitmap);
	vcpu->vmx.msr_bitmap = NULL;
}
