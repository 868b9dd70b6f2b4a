// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM_GET_SUPPORTED_CPUID says: the features that a guest really gets.
 *
 * tour 55: a bit is shown if the CPU has it, if Linux has not switched it off,
 * and if the table below says that this hypervisor keeps its promise. A bit
 * that nobody thought about is absent, never shown by accident.
 */
#include <linux/kernel.h>
#include <linux/kvm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/fpu/xstate.h>
#include <asm/processor.h>

#include "cpuid.h"
#include "cpuid_types.h"
#include "host.h"

/* Buffers of older clients hold 80 entries. */
#define KL_CPUID_SUPPORTED_MAX 80

#define KL_CPUID_LAST_BASIC	0x0d
#define KL_CPUID_LAST_EXTENDED	0x80000008u
#define KL_CPUID_HV		0x40000000u

/* No component beyond these; AMX would need the client's permission first. */
#define KL_XFEATURES (XFEATURE_MASK_FPSSE | XFEATURE_MASK_YMM | XFEATURE_MASK_AVX512)

enum { EAX, EBX, ECX, EDX };

/**
 * struct kl_cpuid_allowed - feature bits that may be shown in one register
 * @leaf: CPUID leaf
 * @subleaf: and subleaf
 * @reg: EAX to EDX
 * @linux_word: word of boot_cpu_data.x86_capability that holds the same bits,
 *	less those that Linux does not use; -1 if Linux keeps none
 * @mask: the bits
 */
struct kl_cpuid_allowed {
	u32 leaf;
	u32 subleaf;
	u8 reg;
	s8 linux_word;
	u32 mask;
};

#define F(name) BIT(X86_FEATURE_##name & 31)

static const struct kl_cpuid_allowed kl_cpuid_allowed[] = {
	{ 0x1, 0, EDX, CPUID_1_EDX,
	  F(FPU) | F(VME) | F(DE) | F(PSE) | F(TSC) | F(MSR) | F(PAE) | F(MCE) | F(CX8) |
	  F(APIC) | F(SEP) | F(MTRR) | F(PGE) | F(MCA) | F(CMOV) | F(PAT) | F(PSE36) |
	  F(CLFLUSH) | F(MMX) | F(FXSR) | F(XMM) | F(XMM2) | F(SELFSNOOP) },
	{ 0x1, 0, ECX, CPUID_1_ECX,
	  F(XMM3) | F(PCLMULQDQ) | F(SSSE3) | F(FMA) | F(CX16) | F(XMM4_1) | F(XMM4_2) |
	  F(MOVBE) | F(POPCNT) | F(AES) | F(XSAVE) | F(AVX) | F(F16C) | F(RDRAND) },
	{ 0x7, 0, EBX, CPUID_7_0_EBX,
	  F(FSGSBASE) | F(TSC_ADJUST) | F(BMI1) | F(AVX2) | F(FDP_EXCPTN_ONLY) | F(SMEP) |
	  F(BMI2) | F(ERMS) | F(INVPCID) | F(ZERO_FCS_FDS) | F(AVX512F) | F(AVX512DQ) |
	  F(RDSEED) | F(ADX) | F(SMAP) | F(AVX512IFMA) | F(CLFLUSHOPT) | F(CLWB) |
	  F(AVX512CD) | F(SHA_NI) | F(AVX512BW) | F(AVX512VL) },
	{ 0x7, 0, ECX, CPUID_7_ECX,
	  F(AVX512VBMI) | F(UMIP) | F(AVX512_VBMI2) | F(GFNI) | F(VAES) | F(VPCLMULQDQ) |
	  F(AVX512_VNNI) | F(AVX512_BITALG) | F(AVX512_VPOPCNTDQ) | F(RDPID) |
	  F(CLDEMOTE) | F(MOVDIRI) | F(MOVDIR64B) },
	{ 0x7, 0, EDX, CPUID_7_EDX,
	  F(FSRM) | F(AVX512_VP2INTERSECT) | F(MD_CLEAR) | F(SERIALIZE) |
	  F(AVX512_FP16) | F(SPEC_CTRL) | F(INTEL_STIBP) | F(SPEC_CTRL_SSBD) },
	{ 0x7, 1, EAX, CPUID_7_1_EAX, F(AVX_VNNI) | F(AVX512_BF16) },
	{ 0xd, 1, EAX, CPUID_D_1_EAX, F(XSAVEOPT) | F(XSAVEC) | F(XGETBV1) | F(XSAVES) },
	{ 0x80000001, 0, EDX, CPUID_8000_0001_EDX,
	  F(SYSCALL) | F(NX) | F(GBPAGES) | F(RDTSCP) | F(LM) },
	{ 0x80000001, 0, ECX, CPUID_8000_0001_ECX, F(LAHF_LM) | F(ABM) | F(3DNOWPREFETCH) },
	/* Invariant TSC: Linux keeps it as a word of scattered bits. */
	{ 0x80000007, 0, EDX, -1, BIT(8) },
};

static struct kvm_cpuid_entry2 kl_cpuid_entries[KL_CPUID_SUPPORTED_MAX];
static u32 kl_cpuid_nr;
static u64 kl_cpuid_xfeatures;

/* Standard offset and size of each extended component, from leaf 0xd. */
static struct {
	u32 size;
	u32 offset;
	bool aligned;
} kl_xcomp[64];

static u32 *kl_cpuid_reg(struct kvm_cpuid_entry2 *e, unsigned int reg)
{
	return reg == EAX ? &e->eax : reg == EBX ? &e->ebx : reg == ECX ? &e->ecx : &e->edx;
}

/* Append a leaf; its feature registers masked, all others as the CPU has them. */
static struct kvm_cpuid_entry2 *kl_cpuid_add(u32 leaf, u32 subleaf, bool indexed, bool raw)
{
	struct kvm_cpuid_entry2 *e;

	if (WARN_ON_ONCE(kl_cpuid_nr == KL_CPUID_SUPPORTED_MAX))
		return &kl_cpuid_entries[KL_CPUID_SUPPORTED_MAX - 1];
	e = &kl_cpuid_entries[kl_cpuid_nr++];
	memset(e, 0, sizeof(*e));
	e->function = leaf;
	e->index = subleaf;
	if (indexed)
		e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	if (raw)
		cpuid_count(leaf, subleaf, &e->eax, &e->ebx, &e->ecx, &e->edx);
	return e;
}

/* The bits of one feature register that a guest may see. */
static u32 kl_cpuid_bits(u32 leaf, u32 subleaf, unsigned int reg)
{
	const struct kl_cpuid_allowed *a;
	struct kvm_cpuid_entry2 raw = {};
	u32 bits;

	for (a = kl_cpuid_allowed; a < kl_cpuid_allowed + ARRAY_SIZE(kl_cpuid_allowed); a++) {
		if (a->leaf != leaf || a->subleaf != subleaf || a->reg != reg)
			continue;
		cpuid_count(leaf, subleaf, &raw.eax, &raw.ebx, &raw.ecx, &raw.edx);
		bits = *kl_cpuid_reg(&raw, reg) & a->mask;
		if (a->linux_word >= 0)
			bits &= boot_cpu_data.x86_capability[a->linux_word];
		return bits;
	}
	return 0;
}

/* Append a leaf of feature bits; registers without a row above are zero. */
static struct kvm_cpuid_entry2 *kl_cpuid_add_features(u32 leaf, u32 subleaf, bool indexed)
{
	struct kvm_cpuid_entry2 *e = kl_cpuid_add(leaf, subleaf, indexed, false);
	unsigned int reg;

	for (reg = EAX; reg <= EDX; reg++)
		*kl_cpuid_reg(e, reg) = kl_cpuid_bits(leaf, subleaf, reg);
	return e;
}

static void kl_cpuid_add_leaf1(void)
{
	struct kvm_cpuid_entry2 *e = kl_cpuid_add_features(1, 0, false);

	e->eax = cpuid_eax(1);
	/* One logical CPU with APIC id 0: the client fills in its own. */
	e->ebx = (cpuid_ebx(1) & 0xff00) | 1 << 16;
	/* These two do not depend on the host: they are ours. */
	e->ecx |= F(X2APIC) | F(HYPERVISOR);
	if (!kl_cpuid_xfeatures)
		e->ecx &= ~(F(XSAVE) | F(AVX) | F(FMA) | F(F16C));
	else if (!(kl_cpuid_xfeatures & XFEATURE_MASK_YMM))
		e->ecx &= ~(F(AVX) | F(FMA) | F(F16C));
}

static void kl_cpuid_add_leaf7(unsigned int controls)
{
	struct kvm_cpuid_entry2 *e = kl_cpuid_add_features(7, 0, true);
	bool avx = kl_cpuid_xfeatures & XFEATURE_MASK_YMM;
	bool avx512 = kl_cpuid_xfeatures & XFEATURE_MASK_ZMM_Hi256;

	if (!(controls & KL_CPUID_CTL_INVPCID))
		e->ebx &= ~F(INVPCID);
	if (!(controls & KL_CPUID_CTL_RDTSCP))
		e->ecx &= ~F(RDPID);
	if (!avx) {
		e->ebx &= ~F(AVX2);
		e->ecx &= ~(F(VAES) | F(VPCLMULQDQ));
	}
	if (!avx512) {
		e->ebx &= ~(F(AVX512F) | F(AVX512DQ) | F(AVX512IFMA) | F(AVX512CD) |
			    F(AVX512BW) | F(AVX512VL));
		e->ecx &= ~(F(AVX512VBMI) | F(AVX512_VBMI2) | F(AVX512_VNNI) |
			    F(AVX512_BITALG) | F(AVX512_VPOPCNTDQ));
		e->edx &= ~(F(AVX512_VP2INTERSECT) | F(AVX512_FP16));
	}
	if (cpuid_eax(7) < 1)
		return;
	e->eax = 1;
	e = kl_cpuid_add_features(7, 1, true);
	if (!avx)
		e->eax &= ~F(AVX_VNNI);
	if (!avx512)
		e->eax &= ~F(AVX512_BF16);
}

/* Leaf 0xd: subleafs 0 and 1, then one for each extended component. */
static void kl_cpuid_add_leaf_d(unsigned int controls)
{
	struct kvm_cpuid_entry2 *e = kl_cpuid_add(0xd, 0, true, false);
	unsigned int i;

	e->eax = lower_32_bits(kl_cpuid_xfeatures);
	e->edx = upper_32_bits(kl_cpuid_xfeatures);
	e->ebx = kl_cpuid_xsave_size(XFEATURE_MASK_FP, false);
	e->ecx = kl_cpuid_xsave_size(kl_cpuid_xfeatures, false);

	e = kl_cpuid_add_features(0xd, 1, true);
	if (!(controls & KL_CPUID_CTL_XSAVES))
		e->eax &= ~F(XSAVES);
	if (e->eax & (F(XSAVES) | F(XSAVEC)))
		e->ebx = kl_cpuid_xsave_size(XFEATURE_MASK_FP, true);

	for (i = 2; i < 63; i++) {
		if (!(kl_cpuid_xfeatures & BIT_ULL(i)))
			continue;
		e = kl_cpuid_add(0xd, i, true, false);
		e->eax = kl_xcomp[i].size;
		e->ebx = kl_xcomp[i].offset;
		e->ecx = kl_xcomp[i].aligned ? BIT(1) : 0;
	}
}

static void kl_cpuid_add_basic(unsigned int controls)
{
	u32 max = min_t(u32, cpuid_eax(0), KL_CPUID_LAST_BASIC);
	struct kvm_cpuid_entry2 *e;
	unsigned int i;

	if (!kl_cpuid_xfeatures)
		max = min_t(u32, max, 0xb);
	e = kl_cpuid_add(0, 0, false, true);
	e->eax = max;
	kl_cpuid_add_leaf1();
	if (max >= 2)
		kl_cpuid_add(2, 0, false, true);
	for (i = 0; max >= 4 && i < 8; i++) {
		e = kl_cpuid_add(4, i, true, true);
		if (!(e->eax & 0x1f))
			break;
	}
	if (max >= 5)
		kl_cpuid_add(5, 0, false, false);
	if (max >= 6) {
		/* The local APIC timer never stops: it is a timer of the host. */
		e = kl_cpuid_add(6, 0, false, false);
		e->eax = BIT(2);
	}
	if (max >= 7)
		kl_cpuid_add_leaf7(controls);
	if (max >= 0xa)
		kl_cpuid_add(0xa, 0, false, false);
	if (max >= 0xb)
		kl_cpuid_add(0xb, 0, true, false);
	if (max >= 0xd)
		kl_cpuid_add_leaf_d(controls);
}

static void kl_cpuid_add_hypervisor(void)
{
	struct kvm_cpuid_entry2 *e = kl_cpuid_add(KL_CPUID_HV, 0, false, false);

	e->eax = KL_CPUID_HV + 1;
	memcpy(&e->ebx, "KVMK", 4);
	memcpy(&e->ecx, "VMKV", 4);
	memcpy(&e->edx, "M\0\0\0", 4);
	kl_cpuid_add(KL_CPUID_HV + 1, 0, false, false);
}

static void kl_cpuid_add_extended(unsigned int controls)
{
	u32 max = min_t(u32, cpuid_eax(0x80000000u), KL_CPUID_LAST_EXTENDED);
	struct kvm_cpuid_entry2 *e;
	u32 leaf;

	if (max < 0x80000001u)
		return;
	e = kl_cpuid_add(0x80000000u, 0, false, false);
	e->eax = max;
	e = kl_cpuid_add_features(0x80000001u, 0, false);
	if (!(controls & KL_CPUID_CTL_RDTSCP))
		e->edx &= ~F(RDTSCP);
	for (leaf = 0x80000002u; leaf <= min_t(u32, max, 0x80000006u); leaf++)
		kl_cpuid_add(leaf, 0, false, true);
	if (max >= 0x80000007u)
		kl_cpuid_add_features(0x80000007u, 0, false);
	if (max >= 0x80000008u) {
		/* Four levels of EPT reach 48 bits; LA57 is not offered. */
		e = kl_cpuid_add(0x80000008u, 0, false, false);
		e->eax = min_t(u32, boot_cpu_data.x86_phys_bits, 48) | 48 << 8;
	}
}

/**
 * kl_cpuid_init - work out what guests may be shown
 * @controls: KL_CPUID_CTL_* that the VM-execution controls give
 *
 * Called once when the module is loaded, before any VM exists, on a CPU that
 * stands for all (kl_vmx_init() has compared them).
 */
void kl_cpuid_init(unsigned int controls)
{
	unsigned int i;
	u32 eax, ebx, ecx, edx;

	kl_cpuid_nr = 0;
	kl_cpuid_xfeatures = 0;
	if (boot_cpu_has(X86_FEATURE_XSAVE))
		kl_cpuid_xfeatures = kl_host_xfeatures() & KL_XFEATURES;
	for (i = 2; i < 63; i++) {
		if (!(kl_cpuid_xfeatures & BIT_ULL(i)))
			continue;
		cpuid_count(0xd, i, &eax, &ebx, &ecx, &edx);
		kl_xcomp[i].size = eax;
		kl_xcomp[i].offset = ebx;
		kl_xcomp[i].aligned = ecx & BIT(1);
	}
	kl_cpuid_add_basic(controls);
	kl_cpuid_add_hypervisor();
	kl_cpuid_add_extended(controls);
}

/**
 * kl_cpuid_xcr0 - bits of XCR0 that any guest may be given
 *
 * Return: mask of XFEATURE_MASK_*; zero if guests get no XSAVE.
 */
u64 kl_cpuid_xcr0(void)
{
	return kl_cpuid_xfeatures;
}

/**
 * kl_cpuid_xsave_size - size of the XSAVE area of a set of components
 * @xfeatures: the components; bits that no guest may have are ignored
 * @compacted: compacted format, else standard format
 *
 * SDM, "XSAVE Management": 512 bytes of legacy region and 64 of header come
 * first; a standard component has a fixed offset, a compacted one follows the
 * one before, from the next 64 bytes if its subleaf of leaf 0xd says so.
 *
 * Return: bytes.
 */
u32 kl_cpuid_xsave_size(u64 xfeatures, bool compacted)
{
	u32 size = FXSAVE_SIZE + XSAVE_HDR_SIZE;
	unsigned int i;

	for (i = 2; i < 63; i++) {
		if (!(xfeatures & kl_cpuid_xfeatures & BIT_ULL(i)))
			continue;
		if (!compacted) {
			size = max(size, kl_xcomp[i].offset + kl_xcomp[i].size);
			continue;
		}
		if (kl_xcomp[i].aligned)
			size = ALIGN(size, 64);
		size += kl_xcomp[i].size;
	}
	return size;
}

/**
 * kl_cpuid_host_entry - what a leaf may show at most
 * @leaf: CPUID leaf
 * @subleaf: subleaf, ignored where the leaf has none
 *
 * Return: the entry, NULL if guests are not shown the leaf.
 */
const struct kvm_cpuid_entry2 *kl_cpuid_host_entry(u32 leaf, u32 subleaf)
{
	u32 i;

	for (i = 0; i < kl_cpuid_nr; i++) {
		const struct kvm_cpuid_entry2 *e = &kl_cpuid_entries[i];

		if (e->function == leaf && (!e->flags || e->index == subleaf))
			return e;
	}
	return NULL;
}

/**
 * kl_cpuid_get_supported - KVM_GET_SUPPORTED_CPUID
 * @user: in: room for @nent entries; out: the entries and their number
 *
 * Return: 0; -E2BIG if there is too little room, @nent then says how much is
 * needed; -EFAULT.
 */
long kl_cpuid_get_supported(struct kvm_cpuid2 __user *user)
{
	u32 nent;

	if (get_user(nent, &user->nent))
		return -EFAULT;
	if (put_user(kl_cpuid_nr, &user->nent))
		return -EFAULT;
	if (nent < kl_cpuid_nr)
		return -E2BIG;
	if (copy_to_user(user->entries, kl_cpuid_entries, kl_cpuid_nr * sizeof(*kl_cpuid_entries)))
		return -EFAULT;
	return 0;
}
