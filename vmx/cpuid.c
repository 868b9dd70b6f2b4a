// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's CPUID table: taken from the client, indexed, answered from.
 *
 * tour 54: the answer to CPUID is a load from an index, one compare and four
 * copies: what depends on the guest's registers is written into the table when
 * the register changes, which is rare, not when CPUID runs, which is not.
 */
#include <linux/kvm.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/fpu/types.h>
#include <asm/processor-flags.h>

#include "../uapi/object.h"
#include "cpuid.h"

#define F(name) BIT(X86_FEATURE_##name & 31)

/* CR4 bits that every CPU with VMX has. */
#define KL_CR4_ALWAYS (X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE |	\
		       X86_CR4_PAE | X86_CR4_MCE | X86_CR4_PGE | X86_CR4_PCE |		\
		       X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT)

static unsigned int kl_cpuid_class(u32 leaf)
{
	return leaf >> 30;
}

/* SDM, "CPUID": beyond this, the answer is that of the highest basic leaf. */
static bool kl_cpuid_in_range(const struct kl_vcpu_cpuid *c, u32 leaf)
{
	return leaf <= c->max[array_index_nospec(kl_cpuid_class(leaf), KL_CPUID_CLASSES)];
}

static struct kvm_cpuid_entry2 *kl_cpuid_chain(struct kl_vcpu_cpuid *c, unsigned int first,
					       u32 subleaf)
{
	struct kvm_cpuid_entry2 *e;
	unsigned int i;

	for (i = first; i; i = c->next[i - 1]) {
		e = &c->entries[i - 1];
		if (!(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) || e->index == subleaf)
			return e;
	}
	return NULL;
}

/* A leaf that the index does not reach: look at all of them. */
static noinline struct kvm_cpuid_entry2 *kl_cpuid_scan(struct kl_vcpu_cpuid *c, u32 leaf,
						       u32 subleaf)
{
	struct kvm_cpuid_entry2 *e;
	u32 i;

	for (i = 0; i < c->nr; i++) {
		e = &c->entries[i];
		if (e->function == leaf &&
		    (!(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) || e->index == subleaf))
			return e;
	}
	return NULL;
}

static struct kvm_cpuid_entry2 *kl_cpuid_lookup(struct kl_vcpu_cpuid *c, u32 leaf, u32 subleaf)
{
	unsigned int class = array_index_nospec(kl_cpuid_class(leaf), KL_CPUID_CLASSES);
	u32 low = leaf & GENMASK(29, 0);

	if (unlikely(low >= KL_CPUID_DIRECT))
		return kl_cpuid_scan(c, leaf, subleaf);
	low = array_index_nospec(low, KL_CPUID_DIRECT);
	return kl_cpuid_chain(c, c->direct[class][low], subleaf);
}

/**
 * kl_cpuid_find - an entry of the vCPU's table
 * @vcpu: the vCPU, vcpu->mutex held
 * @leaf: CPUID leaf
 * @subleaf: subleaf, ignored where the entry's index is not significant
 *
 * Return: the entry, valid until the next KVM_SET_CPUID2; NULL if the client
 * gave none.
 */
const struct kvm_cpuid_entry2 *kl_cpuid_find(struct kl_vcpu *vcpu, u32 leaf, u32 subleaf)
{
	return kl_cpuid_lookup(&vcpu->vmx.cpuid, leaf, subleaf);
}

/* A leaf in range of which the client gave nothing, or not this subleaf. */
static void kl_cpuid_absent(struct kl_vcpu_cpuid *c, u32 leaf, u32 subleaf, u32 *ecx, u32 *edx)
{
	const struct kvm_cpuid_entry2 *e;

	/*
	 * SDM, "CPUID", leafs 0BH and 1FH: for a subleaf that is not there ECX
	 * still returns its number and EDX the x2APIC id.
	 */
	if (leaf != 0xb && leaf != 0x1f)
		return;
	e = kl_cpuid_lookup(c, leaf, 0);
	if (e) {
		*ecx = subleaf & 0xff;
		*edx = e->edx;
	}
}

/**
 * kl_cpuid_emulate - execute CPUID
 * @vcpu: the vCPU, vcpu->mutex held; may be called with interrupts off
 * @eax: in: the leaf; out: the answer
 * @ebx: out: the answer
 * @ecx: in: the subleaf; out: the answer
 * @edx: out: the answer
 *
 * SDM, "CPUID - CPU Identification": a leaf beyond the highest basic or extended
 * one answers as the highest basic leaf does; a leaf in range that the table
 * lacks answers with zeros.
 *
 * Return: true if the table has the leaf itself.
 */
bool kl_cpuid_emulate(struct kl_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	struct kl_vcpu_cpuid *c = &vcpu->vmx.cpuid;
	u32 leaf = *eax, subleaf = *ecx;
	const struct kvm_cpuid_entry2 *e = kl_cpuid_lookup(c, leaf, subleaf);
	bool found = e;

	if (unlikely(!e) && c->features.intel && !kl_cpuid_in_range(c, leaf)) {
		leaf = c->max[0];
		e = kl_cpuid_lookup(c, leaf, subleaf);
	}
	if (likely(e)) {
		*eax = e->eax;
		*ebx = e->ebx;
		*ecx = e->ecx;
		*edx = e->edx;
		return found;
	}
	*eax = 0;
	*ebx = 0;
	*ecx = 0;
	*edx = 0;
	kl_cpuid_absent(c, leaf, subleaf, ecx, edx);
	return false;
}

static void kl_cpuid_bit(u32 *reg, u32 bit, bool on)
{
	*reg = on ? *reg | bit : *reg & ~bit;
}

/* Write what follows from CR4, XCR0, XSS and APIC base into the table. */
static void kl_cpuid_apply(struct kl_vcpu_cpuid *c)
{
	struct kvm_cpuid_entry2 *e;

	e = kl_cpuid_lookup(c, 1, 0);
	if (e) {
		if (e->ecx & F(XSAVE))
			kl_cpuid_bit(&e->ecx, F(OSXSAVE), c->cr4 & X86_CR4_OSXSAVE);
		kl_cpuid_bit(&e->edx, F(APIC), c->apic_on);
	}
	e = kl_cpuid_lookup(c, 7, 0);
	if (e && (e->ecx & F(PKU)))
		kl_cpuid_bit(&e->ecx, F(OSPKE), c->cr4 & X86_CR4_PKE);
	e = kl_cpuid_lookup(c, 0xd, 0);
	if (e)
		e->ebx = kl_cpuid_xsave_size(c->xcr0, false);
	e = kl_cpuid_lookup(c, 0xd, 1);
	if (e && (e->eax & (F(XSAVES) | F(XSAVEC))))
		e->ebx = kl_cpuid_xsave_size(c->xcr0 | c->xss, true);
}

/**
 * kl_cpuid_track_cr4 - CR4 changed
 * @vcpu: the vCPU, vcpu->mutex held
 * @cr4: its CR4 as the guest sees it
 */
void kl_cpuid_track_cr4(struct kl_vcpu *vcpu, u64 cr4)
{
	struct kl_vcpu_cpuid *c = &vcpu->vmx.cpuid;
	u64 changed = c->cr4 ^ cr4;

	c->cr4 = cr4;
	if (changed & (X86_CR4_OSXSAVE | X86_CR4_PKE))
		kl_cpuid_apply(c);
}

/**
 * kl_cpuid_track_xstate - XCR0 or IA32_XSS changed
 * @vcpu: the vCPU, vcpu->mutex held
 * @xcr0: its XCR0
 * @xss: its IA32_XSS
 */
void kl_cpuid_track_xstate(struct kl_vcpu *vcpu, u64 xcr0, u64 xss)
{
	struct kl_vcpu_cpuid *c = &vcpu->vmx.cpuid;

	if (c->xcr0 == xcr0 && c->xss == xss)
		return;
	c->xcr0 = xcr0;
	c->xss = xss;
	kl_cpuid_apply(c);
}

/**
 * kl_cpuid_track_apic - the enable bit of IA32_APIC_BASE changed
 * @vcpu: the vCPU, vcpu->mutex held
 * @enabled: the local APIC is enabled
 */
void kl_cpuid_track_apic(struct kl_vcpu *vcpu, bool enabled)
{
	struct kl_vcpu_cpuid *c = &vcpu->vmx.cpuid;

	if (c->apic_on == enabled)
		return;
	c->apic_on = enabled;
	kl_cpuid_apply(c);
}

/**
 * kl_cpuid_xcr0_valid - may XCR0 have this value?
 * @vcpu: the vCPU, vcpu->mutex held
 * @xcr0: the value
 *
 * SDM, "XSETBV": x87 is always on, AVX needs SSE, the three components of AVX-512
 * go together and need AVX, and the guest's CPUID has all of them.
 *
 * Return: true if XSETBV accepts it.
 */
bool kl_cpuid_xcr0_valid(struct kl_vcpu *vcpu, u64 xcr0)
{
	u64 avx512 = xcr0 & XFEATURE_MASK_AVX512;

	if (!(xcr0 & XFEATURE_MASK_FP))
		return false;
	/* The value after reset is right on a CPU without XSAVE, too. */
	if (xcr0 & ~(vcpu->vmx.cpuid.features.xcr0_supported | XFEATURE_MASK_FP))
		return false;
	if ((xcr0 & XFEATURE_MASK_YMM) && !(xcr0 & XFEATURE_MASK_SSE))
		return false;
	return !avx512 || (avx512 == XFEATURE_MASK_AVX512 && (xcr0 & XFEATURE_MASK_YMM));
}

/* What the client said of a leaf; what we would show while it said nothing. */
static const struct kvm_cpuid_entry2 *kl_cpuid_source(struct kl_vcpu_cpuid *c, u32 leaf,
						      u32 subleaf)
{
	static const struct kvm_cpuid_entry2 none;
	const struct kvm_cpuid_entry2 *e;

	e = c->nr ? kl_cpuid_lookup(c, leaf, subleaf) : kl_cpuid_host_entry(leaf, subleaf);
	return e ? e : &none;
}

/* The same, without the bits that this host cannot keep. */
static struct kvm_cpuid_entry2 kl_cpuid_kept(struct kl_vcpu_cpuid *c, u32 leaf, u32 subleaf)
{
	const struct kvm_cpuid_entry2 *host = kl_cpuid_host_entry(leaf, subleaf);
	struct kvm_cpuid_entry2 e = *kl_cpuid_source(c, leaf, subleaf);

	e.eax &= host ? host->eax : 0;
	e.ebx &= host ? host->ebx : 0;
	e.ecx &= host ? host->ecx : 0;
	e.edx &= host ? host->edx : 0;
	return e;
}

static u64 kl_cpuid_cr4_reserved(const struct kl_guest_features *f,
				 const struct kvm_cpuid_entry2 *leaf7)
{
	u64 allowed = KL_CR4_ALWAYS;

	if (f->xsave)
		allowed |= X86_CR4_OSXSAVE;
	if (leaf7->ebx & F(FSGSBASE))
		allowed |= X86_CR4_FSGSBASE;
	if (leaf7->ebx & F(SMEP))
		allowed |= X86_CR4_SMEP;
	if (leaf7->ebx & F(SMAP))
		allowed |= X86_CR4_SMAP;
	if (leaf7->ecx & F(UMIP))
		allowed |= X86_CR4_UMIP;
	if (leaf7->ecx & F(PKU))
		allowed |= X86_CR4_PKE;
	return ~allowed;
}

/* Derive everything in kl_guest_features from the table. */
static void kl_cpuid_derive(struct kl_vcpu_cpuid *c)
{
	struct kvm_cpuid_entry2 leaf1 = kl_cpuid_kept(c, 1, 0);
	struct kvm_cpuid_entry2 leaf7 = kl_cpuid_kept(c, 7, 0);
	struct kvm_cpuid_entry2 leafd = kl_cpuid_kept(c, 0xd, 0);
	struct kvm_cpuid_entry2 leafd1 = kl_cpuid_kept(c, 0xd, 1);
	struct kvm_cpuid_entry2 ext1 = kl_cpuid_kept(c, 0x80000001u, 0);
	const struct kvm_cpuid_entry2 *ext8 = kl_cpuid_source(c, 0x80000008u, 0);
	const struct kvm_cpuid_entry2 *leaf0 = kl_cpuid_source(c, 0, 0);
	struct kl_guest_features *f = &c->features;

	memset(f, 0, sizeof(*f));
	f->maxphyaddr = ext8->eax & 0xff;
	/* SDM, "CPUID": 36 bits where the leaf is missing and PAE is there. */
	if (f->maxphyaddr < 32 || f->maxphyaddr > 52)
		f->maxphyaddr = 36;
	f->gpa_reserved = GENMASK_ULL(63, f->maxphyaddr);
	f->long_mode = ext1.edx & F(LM);
	f->nx = ext1.edx & F(NX);
	f->syscall = ext1.edx & F(SYSCALL);
	f->gbpages = ext1.edx & F(GBPAGES);
	f->rdtscp = (ext1.edx & F(RDTSCP)) || (leaf7.ecx & F(RDPID));
	f->invpcid = leaf7.ebx & F(INVPCID);
	f->xsave = leaf1.ecx & F(XSAVE);
	f->xsaves = f->xsave && (leafd1.eax & F(XSAVES));
	if (f->xsave)
		f->xcr0_supported = (leafd.eax | (u64)leafd.edx << 32) & kl_cpuid_xcr0();
	f->x2apic = leaf1.ecx & F(X2APIC);
	/* Clients add this one on the word of KVM_CAP_TSC_DEADLINE_TIMER. */
	f->tsc_deadline = kl_cpuid_source(c, 1, 0)->ecx & F(TSC_DEADLINE_TIMER);
	f->tsc_adjust = leaf7.ebx & F(TSC_ADJUST);
	f->spec_ctrl = leaf7.edx & (F(SPEC_CTRL) | F(INTEL_STIBP) | F(SPEC_CTRL_SSBD));
	f->pred_cmd = leaf7.edx & F(SPEC_CTRL);
	f->mtrr = kl_cpuid_source(c, 1, 0)->edx & F(MTRR);
	f->mce = kl_cpuid_source(c, 1, 0)->edx & F(MCE);
	f->intel = leaf0->ebx != 0x68747541 && /* "Auth" of AuthenticAMD */
		   leaf0->ebx != 0x6f677948;   /* "Hygo" of HygonGenuine */
	f->cr4_reserved = kl_cpuid_cr4_reserved(f, &leaf7);
}

/* Build the index over c->entries. */
static void kl_cpuid_index(struct kl_vcpu_cpuid *c)
{
	u16 last[KL_CPUID_CLASSES][KL_CPUID_DIRECT] = {};
	unsigned int class;
	u32 i, low;

	memset(c->direct, 0, sizeof(c->direct));
	memset(c->next, 0, sizeof(c->next));
	memset(c->max, 0, sizeof(c->max));
	for (i = 0; i < c->nr; i++) {
		class = kl_cpuid_class(c->entries[i].function);
		low = c->entries[i].function & GENMASK(29, 0);
		if (low >= KL_CPUID_DIRECT)
			continue;
		if (!c->direct[class][low])
			c->direct[class][low] = i + 1;
		else
			c->next[last[class][low] - 1] = i + 1;
		last[class][low] = i + 1;
	}
	for (class = 0; class < KL_CPUID_CLASSES; class++)
		if (c->direct[class][0])
			c->max[class] = c->entries[c->direct[class][0] - 1].eax;
}

static int kl_cpuid_check(const struct kvm_cpuid_entry2 *entries, u32 nr)
{
	u32 i, width;

	for (i = 0; i < nr; i++) {
		if (entries[i].function != 0x80000008u)
			continue;
		width = (entries[i].eax >> 8) & 0xff;
		if (width != 0 && width != 48 && width != 57)
			return -EINVAL;
	}
	return 0;
}

/* After the first KVM_RUN only the table that is there already is accepted. */
static int kl_cpuid_same(struct kl_vcpu_cpuid *old, struct kl_vcpu_cpuid *new)
{
	if (old->nr != new->nr ||
	    memcmp(old->entries, new->entries, array_size(old->nr, sizeof(*old->entries))))
		return -EINVAL;
	return 0;
}

static int kl_cpuid_read(struct kl_vcpu_cpuid *c, struct kvm_cpuid2 __user *user)
{
	struct kvm_cpuid2 head;
	u32 i;
	int err;

	if (copy_from_user(&head, user, sizeof(head)))
		return -EFAULT;
	if (head.nent > KL_MAX_CPUID_ENTRIES)
		return -E2BIG;
	c->nr = head.nent;
	if (!c->nr)
		return 0;
	c->entries = vmemdup_user(user->entries, array_size(c->nr, sizeof(*c->entries)));
	if (IS_ERR(c->entries)) {
		err = PTR_ERR(c->entries);
		c->entries = NULL;
		return err;
	}
	for (i = 0; i < c->nr; i++)
		memset(c->entries[i].padding, 0, sizeof(c->entries[i].padding));
	return kl_cpuid_check(c->entries, c->nr);
}

/**
 * kl_cpuid_set - KVM_SET_CPUID2
 * @vcpu: the vCPU, vcpu->mutex held
 * @user: the table: at most %KL_MAX_CPUID_ENTRIES entries in any order, more or
 *	fewer than are supported
 *
 * The caller makes the rest of the vCPU follow (kl_update_owned_bits()).
 *
 * Return: 0; -E2BIG for too many entries; -EINVAL for a linear-address width that
 * no CPU has, or for a table that differs from the one in force after the vCPU
 * has run; -EFAULT; -ENOMEM.
 */
long kl_cpuid_set(struct kl_vcpu *vcpu, struct kvm_cpuid2 __user *user)
{
	struct kl_vcpu_cpuid *c = &vcpu->vmx.cpuid, *new;
	int err;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	err = kl_cpuid_read(new, user);
	if (err)
		goto out;
	new->cr4 = c->cr4;
	new->xcr0 = c->xcr0;
	new->xss = c->xss;
	new->apic_on = c->apic_on;
	kl_cpuid_index(new);
	kl_cpuid_apply(new);
	if (vcpu->ran) {
		err = kl_cpuid_same(c, new);
		goto out;
	}
	kl_cpuid_derive(new);
	swap(*c, *new);
out:
	kvfree(new->entries);
	kfree(new);
	return err;
}

/**
 * kl_cpuid_get - KVM_GET_CPUID2
 * @vcpu: the vCPU, vcpu->mutex held
 * @user: in: room for @nent entries; out: the table as the guest sees it now
 *
 * Return: 0; -E2BIG if there is too little room, @nent then says how much is
 * needed; -EFAULT.
 */
long kl_cpuid_get(struct kl_vcpu *vcpu, struct kvm_cpuid2 __user *user)
{
	const struct kl_vcpu_cpuid *c = &vcpu->vmx.cpuid;
	u32 nent;

	if (get_user(nent, &user->nent) || put_user(c->nr, &user->nent))
		return -EFAULT;
	if (nent < c->nr)
		return -E2BIG;
	if (copy_to_user(user->entries, c->entries, array_size(c->nr, sizeof(*c->entries))))
		return -EFAULT;
	return 0;
}

/**
 * kl_cpuid_vcpu_init - the state of a vCPU without a table
 * @vcpu: the vCPU
 *
 * CPUID answers with zeros; what the client may set is what this host supports.
 */
void kl_cpuid_vcpu_init(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_cpuid *c = &vcpu->vmx.cpuid;

	memset(c, 0, sizeof(*c));
	c->xcr0 = 1;
	c->apic_on = true;
	kl_cpuid_derive(c);
}

/**
 * kl_cpuid_vcpu_free - free the table
 * @vcpu: the vCPU
 */
void kl_cpuid_vcpu_free(struct kl_vcpu *vcpu)
{
	kvfree(vcpu->vmx.cpuid.entries);
	vcpu->vmx.cpuid.entries = NULL;
	vcpu->vmx.cpuid.nr = 0;
}
