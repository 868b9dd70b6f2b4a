// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulating one instruction: what mmu/insn needs to know of a vCPU.
 *
 * tour 49: an instruction that touches a device is executed from the start as
 * often as it takes: accesses that are finished stand in vcpu->vmx.mmio and are
 * answered from there, the first one that is not goes to userspace.
 */
#include <linux/kvm.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/trapnr.h>
#include <asm/vmx.h>

#include "../irq/irq.h"
#include "../mmu/bus.h"
#include "../mmu/insn/insn.h"
#include "../mmu/mmu.h"
#include "../mmu/request.h"
#include "../uapi/trace.h"
#include "exit.h"
#include "guest_mem.h"
#include "guest_state.h"
#include "inject.h"

/**
 * struct kl_emulation - scratch space of a vCPU's emulations
 * @ctx: CPU state as the emulator has it
 * @insn: the instruction
 * @vcpu: the vCPU
 * @committed: registers in @ctx have changed
 */
struct kl_emulation {
	struct kl_insn_ctx ctx;
	struct kl_insn insn;
	struct kl_vcpu *vcpu;
	bool committed;
};

static struct kl_vcpu *to_vcpu(struct kl_insn_ctx *ctx)
{
	return container_of(ctx, struct kl_emulation, ctx)->vcpu;
}

/* kl_translate() with the memory of this instruction. */
static int translate(struct kl_vcpu *vcpu, u64 lin, u32 access, gpa_t *gpa,
		     struct kl_insn_exc *exc)
{
	struct kl_mmio *m = &vcpu->vmx.mmio;
	u64 page = lin & PAGE_MASK;
	unsigned int i;
	int ret;

	for (i = 0; i < m->nr_pages; i++) {
		if (m->page[i].gva == page && (m->page[i].access & access) == access) {
			*gpa = m->page[i].gpa + offset_in_page(lin);
			return 0;
		}
	}
	ret = kl_translate(vcpu, lin, access, gpa, exc);
	if (!ret && m->nr_pages < KL_MMIO_TRANSLATIONS)
		m->page[m->nr_pages++] = (struct kl_translation){
			.gva = page, .gpa = *gpa & PAGE_MASK, .access = access,
		};
	return ret;
}

/* The CPU has just translated the address of this EPT violation. */
static void remember_exit(struct kl_vcpu *vcpu)
{
	struct kl_mmio *m = &vcpu->vmx.mmio;
	u64 qual = kl_qualification(vcpu);

	m->nr_pages = 0;
	if (vcpu->vmx.exit_reason != EXIT_REASON_EPT_VIOLATION ||
	    !(qual & EPT_VIOLATION_GVA_IS_VALID) || !(qual & EPT_VIOLATION_GVA_TRANSLATED))
		return;
	m->page[m->nr_pages++] = (struct kl_translation){
		.gva = vmx_vmread(GUEST_LINEAR_ADDRESS) & PAGE_MASK,
		.gpa = vmx_vmread(GUEST_PHYSICAL_ADDRESS) & PAGE_MASK,
		.access = qual & (KL_ACCESS_READ | KL_ACCESS_WRITE),
	};
}

static enum kl_result complete_mmio(struct kl_vcpu *vcpu);

/* A device in the kernel? */
static bool kernel_mmio(struct kl_vcpu *vcpu, struct kl_fragment *f)
{
	if (kl_lapic_mmio_match(vcpu, f->gpa))
		return !kl_lapic_mmio(vcpu, f->gpa, f->len, f->data, f->write);
	if (f->write)
		return !kl_bus_write(vcpu, KL_BUS_MMIO, f->gpa, f->len, f->data);
	return !kl_bus_read(vcpu, KL_BUS_MMIO, f->gpa, f->len, f->data);
}

/* One access of 1 to 8 bytes to a GPA without memory. */
static int mmio_fragment(struct kl_vcpu *vcpu, gpa_t gpa, void *data, unsigned int len, bool write)
{
	struct kl_mmio *m = &vcpu->vmx.mmio;
	struct kvm_run *run = vcpu->run;
	struct kl_fragment *f;

	if (m->next < m->nr) {
		f = &m->frag[m->next];
		if (f->done && f->gpa == gpa && f->len == len && f->write == write) {
			if (!write)
				memcpy(data, f->data, len);
			m->next++;
			return KL_INSN_OK;
		}
		/* The code changed under us: a different instruction. */
		m->nr = m->next;
	}
	if (m->nr == KL_MMIO_FRAGMENTS)
		return KL_INSN_UNSUPPORTED;
	f = &m->frag[m->nr++];
	*f = (struct kl_fragment){ .gpa = gpa, .len = len, .write = write };
	if (write)
		memcpy(f->data, data, len);
	if (kernel_mmio(vcpu, f)) {
		/* It may have been an EOI or a new task priority. */
		kl_request(vcpu, KL_REQ_EVENT);
		f->done = true;
		m->next++;
		if (!write)
			memcpy(data, f->data, len);
		return KL_INSN_OK;
	}
	trace_kvmlite_mmio(vcpu->id, write, gpa, len, 0);
	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = gpa;
	run->mmio.len = len;
	run->mmio.is_write = write;
	memset(run->mmio.data, 0, sizeof(run->mmio.data));
	memcpy(run->mmio.data, f->data, len);
	vcpu->complete = complete_mmio;
	return KL_INSN_PENDING;
}

/* An access that does not leave its page. */
static int access_gpa(struct kl_vcpu *vcpu, gpa_t gpa, void *data, unsigned int len, bool write)
{
	unsigned int done, part;
	int ret;

	if (kl_gpa_is_ram(vcpu->vm, gpa, write)) {
		ret = write ? kl_gpa_write(vcpu->vm, gpa, data, len) :
			      kl_gpa_read(vcpu->vm, gpa, data, len);
		return ret ? KL_INSN_UNSUPPORTED : KL_INSN_OK;
	}
	for (done = 0; done < len; done += part) {
		part = min(len - done, 8u);
		ret = mmio_fragment(vcpu, gpa + done, data + done, part, write);
		if (ret != KL_INSN_OK)
			return ret;
	}
	return KL_INSN_OK;
}

/* An access by linear address; both pages are checked before either is touched. */
static int access_linear(struct kl_insn_ctx *ctx, u64 lin, void *data, unsigned int len,
			 u32 access, bool write)
{
	struct kl_vcpu *vcpu = to_vcpu(ctx);
	unsigned int first = min_t(unsigned int, len, PAGE_SIZE - offset_in_page(lin));
	gpa_t gpa[2];
	int ret;

	if (translate(vcpu, lin, access, &gpa[0], &ctx->exc))
		return KL_INSN_FAULT;
	if (first < len && translate(vcpu, lin + first, access, &gpa[1], &ctx->exc))
		return KL_INSN_FAULT;
	ret = access_gpa(vcpu, gpa[0], data, first, write);
	if (ret == KL_INSN_OK && first < len)
		ret = access_gpa(vcpu, gpa[1], data + first, len - first, write);
	return ret;
}

static int emu_fetch(struct kl_insn_ctx *ctx, u64 lin, void *buf, unsigned int len)
{
	struct kl_vcpu *vcpu = to_vcpu(ctx);
	gpa_t gpa;

	if (translate(vcpu, lin, KL_ACCESS_EXEC, &gpa, &ctx->exc))
		return KL_INSN_FAULT;
	if (kl_gpa_read(vcpu->vm, gpa, buf, len))
		return KL_INSN_UNSUPPORTED;
	return KL_INSN_OK;
}

static int emu_read(struct kl_insn_ctx *ctx, u64 lin, void *buf, unsigned int len, bool for_write)
{
	u32 access = for_write ? KL_ACCESS_READ | KL_ACCESS_WRITE : KL_ACCESS_READ;

	return access_linear(ctx, lin, buf, len, access, false);
}

static int emu_write(struct kl_insn_ctx *ctx, u64 lin, const void *buf, unsigned int len)
{
	return access_linear(ctx, lin, (void *)buf, len, KL_ACCESS_WRITE, true);
}

static int emu_cmpxchg(struct kl_insn_ctx *ctx, u64 lin, const void *old, const void *new,
		       unsigned int len)
{
	struct kl_vcpu *vcpu = to_vcpu(ctx);
	bool exchanged;
	u8 expected[16];
	gpa_t gpa;

	if (len > sizeof(expected))
		return KL_INSN_UNSUPPORTED;
	if (translate(vcpu, lin, KL_ACCESS_READ | KL_ACCESS_WRITE, &gpa, &ctx->exc))
		return KL_INSN_FAULT;
	/* Devices know no locked cycles; a split lock is not atomic here. */
	if (!kl_gpa_is_ram(vcpu->vm, gpa, true) || offset_in_page(lin) + len > PAGE_SIZE)
		return emu_write(ctx, lin, new, len);
	memcpy(expected, old, len);
	if (kl_gpa_cmpxchg(vcpu->vm, gpa, expected, new, len, &exchanged))
		return KL_INSN_UNSUPPORTED;
	return exchanged ? KL_INSN_OK : KL_INSN_RETRY;
}

static void emu_commit(struct kl_insn_ctx *ctx)
{
	struct kl_emulation *e = container_of(ctx, struct kl_emulation, ctx);
	struct kl_mmio *m = &e->vcpu->vmx.mmio;

	m->nr = 0;
	m->next = 0;
	e->committed = true;
}

static int emu_read_xmm(struct kl_insn_ctx *ctx, unsigned int nr, u64 val[2])
{
	kl_host_xmm_read(nr, val);
	return KL_INSN_OK;
}

static int emu_write_xmm(struct kl_insn_ctx *ctx, unsigned int nr, const u64 val[2])
{
	kl_host_xmm_write(nr, val);
	return KL_INSN_OK;
}

static const struct kl_insn_ops emu_ops = {
	.fetch = emu_fetch,
	.read = emu_read,
	.write = emu_write,
	.cmpxchg = emu_cmpxchg,
	.commit = emu_commit,
	.read_xmm = emu_read_xmm,
	.write_xmm = emu_write_xmm,
};

static enum kl_insn_mode cpu_mode(struct kl_vcpu *vcpu)
{
	if (!(kl_cr0(vcpu) & X86_CR0_PE))
		return KL_INSN_REAL;
	if (kl_rflags(vcpu) & X86_EFLAGS_VM)
		return KL_INSN_VM86;
	if (kl_long64(vcpu))
		return KL_INSN_LONG64;
	return kl_cs_ar(vcpu) & BIT(14) ? KL_INSN_PROT32 : KL_INSN_PROT16;
}

static void load_ctx(struct kl_vcpu *vcpu, struct kl_insn_ctx *ctx)
{
	unsigned int i;

	kl_rsp(vcpu);
	memcpy(ctx->gpr, vcpu->vmx.entry.regs, sizeof(ctx->gpr));
	ctx->rip = kl_rip(vcpu);
	ctx->rflags = kl_rflags(vcpu);
	ctx->mode = cpu_mode(vcpu);
	for (i = 0; i < KL_NR_SEGS; i++) {
		ctx->seg[i].selector = vmx_vmread(GUEST_ES_SELECTOR + 2 * i);
		/* The emulator looks at nothing else of these in 64-bit mode. */
		if (ctx->mode == KL_INSN_LONG64 && i != KL_SEG_FS && i != KL_SEG_GS)
			continue;
		ctx->seg[i].base = vmx_vmread(GUEST_ES_BASE + 2 * i);
		ctx->seg[i].limit = vmx_vmread(GUEST_ES_LIMIT + 2 * i);
		ctx->seg[i].ar = vmx_vmread(GUEST_ES_AR_BYTES + 2 * i);
	}
	ctx->cr0 = kl_cr0(vcpu);
	ctx->cr4 = kl_cr4(vcpu);
	ctx->efer = vcpu->vmx.efer;
	ctx->cpl = kl_cpl(vcpu);
}

static void store_ctx(struct kl_vcpu *vcpu, const struct kl_insn_ctx *ctx)
{
	u64 rsp = kl_rsp(vcpu);

	memcpy(vcpu->vmx.entry.regs, ctx->gpr, sizeof(ctx->gpr));
	if (rsp != ctx->gpr[KL_RSP])
		kl_set_rsp(vcpu, ctx->gpr[KL_RSP]);
	if (kl_rip(vcpu) != ctx->rip)
		kl_set_rip(vcpu, ctx->rip);
	if (kl_rflags(vcpu) != ctx->rflags)
		kl_set_rflags(vcpu, ctx->rflags);
}

/* The instruction is complete. */
static enum kl_result finished(struct kl_vcpu *vcpu, const struct kl_insn_ctx *ctx)
{
	u32 shadow = vmx_vmread(GUEST_INTERRUPTIBILITY_INFO);
	u32 now = (shadow & ~(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)) | ctx->shadow;

	if (now != shadow)
		vmx_vmwrite(GUEST_INTERRUPTIBILITY_INFO, now);
	if (ctx->single_step)
		kl_raise_db(vcpu, KL_DR6_BS);
	return KL_RESUME;
}

/**
 * kl_raise_exc - queue an exception that the emulator or a page walk found
 * @vcpu: the vCPU
 * @exc: the exception
 */
void kl_raise_exc(struct kl_vcpu *vcpu, const struct kl_insn_exc *exc)
{
	if (exc->vector == X86_TRAP_PF)
		kl_raise_pf(vcpu, exc->cr2, exc->error_code);
	else if (exc->has_error)
		kl_raise_error(vcpu, exc->vector, exc->error_code);
	else
		kl_raise(vcpu, exc->vector);
}

/* What the emulator came back with. */
static enum kl_result finish_step(struct kl_vcpu *vcpu, int result)
{
	struct kl_emulation *e = vcpu->vmx.emulation;

	if (e->committed)
		store_ctx(vcpu, &e->ctx);
	e->committed = false;
	switch (result) {
	case KL_INSN_OK:
		return finished(vcpu, &e->ctx);
	case KL_INSN_FAULT:
		vcpu->vmx.mmio.nr = 0;
		kl_raise_exc(vcpu, &e->ctx.exc);
		return KL_RESUME;
	case KL_INSN_PENDING:
		return KL_USER;
	case KL_INSN_AGAIN:
	case KL_INSN_RETRY:
		kl_request(vcpu, KL_REQ_EVENT);
		return KL_RESUME;
	}
	vcpu->vmx.mmio.nr = 0;
	return kl_internal_error(vcpu, KVM_INTERNAL_ERROR_EMULATION);
}

/* Userspace answered: the same instruction again, with what is known by now. */
static enum kl_result complete_mmio(struct kl_vcpu *vcpu)
{
	struct kl_emulation *e = vcpu->vmx.emulation;
	struct kl_mmio *m = &vcpu->vmx.mmio;
	struct kl_fragment *f;
	enum kl_result result;
	int idx;

	/* New registers in between dropped the instruction. */
	if (!m->nr)
		return KL_RESUME;
	f = &m->frag[m->nr - 1];
	if (!f->write)
		memcpy(f->data, vcpu->run->mmio.data, f->len);
	f->done = true;
	m->next = 0;
	idx = kl_mmu_enter(vcpu->vm);
	result = finish_step(vcpu, kl_insn_exec(&e->insn, &e->ctx, &emu_ops));
	kl_mmu_exit(vcpu->vm, idx);
	return result;
}

/**
 * kl_emulate - execute the instruction at RIP for the guest
 * @vcpu: the vCPU, loaded; memslots and buses readable
 *
 * Return: KL_RESUME when it is complete, raised an exception or is to be tried
 * again; KL_USER with KVM_EXIT_MMIO when userspace must finish an access, with
 * KVM_EXIT_INTERNAL_ERROR for an instruction the emulator does not know.
 */
enum kl_result kl_emulate(struct kl_vcpu *vcpu)
{
	struct kl_emulation *e = vcpu->vmx.emulation;

	if (!e) {
		e = kzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT);
		if (!e)
			return kl_user_error(vcpu, -ENOMEM);
		e->vcpu = vcpu;
		vcpu->vmx.emulation = e;
	}
	load_ctx(vcpu, &e->ctx);
	remember_exit(vcpu);
	vcpu->vmx.mmio.nr = 0;
	vcpu->vmx.mmio.next = 0;
	return finish_step(vcpu, kl_insn_step(&e->insn, &e->ctx, &emu_ops));
}
