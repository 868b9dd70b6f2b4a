/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small machine for tests of the instruction emulator: 128 KB of memory at
 * linear address 0, a page of MMIO that is answered late, ports, and the system
 * registers that the operations name.
 */
#ifndef KL_UNIT_INSN_MACHINE_H
#define KL_UNIT_INSN_MACHINE_H

#include <linux/types.h>
#include <linux/container_of.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "mmu/insn/insn.h"
#include "kt.h"

#define MEM_SIZE	0x20000u
#define MMIO_BASE	0x30000u
#define MMIO_SIZE	0x1000u
#define CODE		0x1000u
#define DATA		0x8000u
#define STACK		0x7000u
#define MAX_FRAGS	16

/* One access that somebody else finishes: what userspace would see. */
struct frag {
	u64 addr;
	u64 data;
	unsigned int len;
	bool write, io, done;
};

struct machine {
	struct kl_insn_ctx ctx;
	struct kl_insn insn;
	u8 mem[MEM_SIZE];
	u64 read_only;		/* linear page that cannot be written, 0 is none */
	bool cmpxchg_fails;	/* somebody else changes memory, once */

	struct frag frag[MAX_FRAGS];
	unsigned int nr_frags, next_frag;
	unsigned int nr_exits, nr_commits, nr_fetches, nr_accesses, nr_cmpxchgs;
	u64 last_write;

	u64 cr[9], dr[8], xmm[16][2], msr;
	u64 dt_base[2];
	u16 dt_limit[2];
};

static inline struct machine *to_machine(struct kl_insn_ctx *ctx)
{
	return container_of(ctx, struct machine, ctx);
}

static inline int m_fault(struct kl_insn_ctx *ctx, u64 lin, u32 code)
{
	ctx->exc = (struct kl_insn_exc){
		.vector = X86_TRAP_PF, .has_error = true, .error_code = code, .cr2 = lin,
	};
	return KL_INSN_FAULT;
}

/* The replay rule of insn.h. Returns the finished access, or NULL: exit to userspace. */
static inline struct frag *m_replay(struct machine *m, u64 addr, unsigned int len, bool write,
				    bool io)
{
	struct frag *f = &m->frag[m->next_frag];

	if (m->next_frag < m->nr_frags && f->addr == addr && f->len == len && f->write == write &&
	    f->io == io && f->done) {
		m->next_frag++;
		return f;
	}
	if (m->next_frag == MAX_FRAGS)
		abort();
	*f = (struct frag){ .addr = addr, .len = len, .write = write, .io = io };
	m->nr_frags = m->next_frag + 1;
	return NULL;
}

static inline bool m_is_mmio(u64 lin)
{
	return lin >= MMIO_BASE && lin < MMIO_BASE + MMIO_SIZE;
}

static inline int m_fetch(struct kl_insn_ctx *ctx, u64 lin, void *buf, unsigned int len)
{
	struct machine *m = to_machine(ctx);

	m->nr_fetches++;
	if (!len || len > KL_INSN_MAX_LEN || lin >> 12 != (lin + len - 1) >> 12)
		abort();
	if (lin > MEM_SIZE - len)
		return m_fault(ctx, lin, 0x10);
	memcpy(buf, m->mem + lin, len);
	return KL_INSN_OK;
}

static inline int m_read(struct kl_insn_ctx *ctx, u64 lin, void *buf, unsigned int len,
			 bool for_write)
{
	struct machine *m = to_machine(ctx);
	struct frag *f;

	m->nr_accesses++;
	if (!len || len > 16)
		abort();
	if (m_is_mmio(lin) && len <= 8) {
		f = m_replay(m, lin, len, false, false);
		if (!f)
			return KL_INSN_PENDING;
		memcpy(buf, &f->data, len);
		return KL_INSN_OK;
	}
	if (lin > MEM_SIZE - len || (for_write && m->read_only && lin >> 12 == m->read_only >> 12))
		return m_fault(ctx, lin, for_write ? 2 : 0);
	memcpy(buf, m->mem + lin, len);
	return KL_INSN_OK;
}

static inline int m_probe(struct kl_insn_ctx *ctx, u64 lin, unsigned int len)
{
	struct machine *m = to_machine(ctx);

	if (m_is_mmio(lin))
		return KL_INSN_OK;
	if (lin > MEM_SIZE - len || (m->read_only && lin >> 12 == m->read_only >> 12))
		return m_fault(ctx, lin, 2);
	return KL_INSN_OK;
}

static inline int m_write(struct kl_insn_ctx *ctx, u64 lin, const void *buf, unsigned int len)
{
	struct machine *m = to_machine(ctx);
	int ret = m_probe(ctx, lin, len);

	m->nr_accesses++;
	if (!len || len > 16)
		abort();
	if (ret != KL_INSN_OK)
		return ret;
	if (m_is_mmio(lin)) {
		u64 val = 0;

		memcpy(&val, buf, len < 8 ? len : 8);
		if (!m_replay(m, lin, len, true, false)) {
			m->frag[m->next_frag].data = val;
			return KL_INSN_PENDING;
		}
		return KL_INSN_OK;
	}
	memcpy(m->mem + lin, buf, len);
	return KL_INSN_OK;
}

static inline int m_cmpxchg(struct kl_insn_ctx *ctx, u64 lin, const void *old, const void *new,
			    unsigned int len)
{
	struct machine *m = to_machine(ctx);

	m->nr_cmpxchgs++;
	if (m_is_mmio(lin))
		return m_write(ctx, lin, new, len);
	if (m->cmpxchg_fails && lin < MEM_SIZE) {
		m->cmpxchg_fails = false;
		m->mem[lin]++;
	}
	if (lin <= MEM_SIZE - len && memcmp(m->mem + lin, old, len))
		return KL_INSN_RETRY;
	return m_write(ctx, lin, new, len);
}

static inline void m_commit(struct kl_insn_ctx *ctx)
{
	struct machine *m = to_machine(ctx);

	m->nr_commits++;
	m->nr_frags = 0;
	m->next_frag = 0;
}

static inline int m_in(struct kl_insn_ctx *ctx, u16 port, unsigned int size, u32 *val)
{
	struct frag *f = m_replay(to_machine(ctx), port, size, false, true);

	if (!f)
		return KL_INSN_PENDING;
	*val = f->data;
	return KL_INSN_OK;
}

static inline int m_out(struct kl_insn_ctx *ctx, u16 port, unsigned int size, u32 val)
{
	struct machine *m = to_machine(ctx);

	if (m_replay(m, port, size, true, true))
		return KL_INSN_OK;
	m->frag[m->next_frag].data = val;
	return KL_INSN_PENDING;
}

static inline int m_read_cr(struct kl_insn_ctx *ctx, unsigned int nr, u64 *val)
{
	*val = to_machine(ctx)->cr[nr];
	return KL_INSN_OK;
}

static inline int m_write_cr(struct kl_insn_ctx *ctx, unsigned int nr, u64 val)
{
	to_machine(ctx)->cr[nr] = val;
	return KL_INSN_OK;
}

static inline int m_read_dr(struct kl_insn_ctx *ctx, unsigned int nr, u64 *val)
{
	*val = to_machine(ctx)->dr[nr];
	return KL_INSN_OK;
}

static inline int m_write_dr(struct kl_insn_ctx *ctx, unsigned int nr, u64 val)
{
	to_machine(ctx)->dr[nr] = val;
	return KL_INSN_OK;
}

static inline int m_read_dt(struct kl_insn_ctx *ctx, enum kl_insn_dt dt, u64 *base, u16 *limit)
{
	*base = to_machine(ctx)->dt_base[dt];
	*limit = to_machine(ctx)->dt_limit[dt];
	return KL_INSN_OK;
}

static inline int m_write_dt(struct kl_insn_ctx *ctx, enum kl_insn_dt dt, u64 base, u16 limit)
{
	to_machine(ctx)->dt_base[dt] = base;
	to_machine(ctx)->dt_limit[dt] = limit;
	return KL_INSN_OK;
}

static inline int m_read_xmm(struct kl_insn_ctx *ctx, unsigned int nr, u64 val[2])
{
	memcpy(val, to_machine(ctx)->xmm[nr], 16);
	return KL_INSN_OK;
}

static inline int m_write_xmm(struct kl_insn_ctx *ctx, unsigned int nr, const u64 val[2])
{
	memcpy(to_machine(ctx)->xmm[nr], val, 16);
	return KL_INSN_OK;
}

static const struct kl_insn_ops m_ops = {
	.fetch = m_fetch, .read = m_read, .write = m_write, .probe_write = m_probe,
	.cmpxchg = m_cmpxchg, .commit = m_commit, .in = m_in, .out = m_out,
	.read_cr = m_read_cr, .write_cr = m_write_cr, .read_dr = m_read_dr, .write_dr = m_write_dr,
	.read_dt = m_read_dt, .write_dt = m_write_dt,
	.read_xmm = m_read_xmm, .write_xmm = m_write_xmm,
};

/* Flat segments (real mode: zero ones), CPL 0, code at CODE, stack below STACK. */
static inline void m_reset(struct machine *m, enum kl_insn_mode mode)
{
	bool small = mode == KL_INSN_REAL || mode == KL_INSN_VM86;
	unsigned int i;

	memset(m, 0, sizeof(*m));
	m->ctx.mode = mode;
	m->ctx.cpl = mode == KL_INSN_VM86 ? 3 : 0;
	m->ctx.rip = CODE;
	m->ctx.rflags = X86_EFLAGS_FIXED | (mode == KL_INSN_VM86 ? X86_EFLAGS_VM : 0);
	m->ctx.cr0 = mode == KL_INSN_REAL ? 0 : X86_CR0_PE;
	m->ctx.cr4 = X86_CR4_OSFXSR;
	m->ctx.gpr[KL_RSP] = STACK;
	for (i = 0; i < KL_NR_SEGS; i++)
		m->ctx.seg[i] = (struct kl_insn_seg){
			.limit = small ? 0xffff : 0xffffffff,
			.ar = 3 | KL_SEG_AR_S | KL_SEG_AR_P |
			      (mode == KL_INSN_PROT32 ? KL_SEG_AR_DB : 0) |
			      (i == KL_SEG_CS ? KL_SEG_AR_CODE : 0),
		};
	m->dt_limit[KL_INSN_IDT] = 0x3ff;
}

static inline void m_code(struct machine *m, const void *code, unsigned int len)
{
	memcpy(m->mem + m->ctx.seg[KL_SEG_CS].base + m->ctx.rip, code, len);
}

/* One try, as the run loop makes it. */
static inline int m_step(struct machine *m)
{
	m->next_frag = 0;
	return kl_insn_step(&m->insn, &m->ctx, &m_ops);
}

/* Put @code at RIP and do one step. */
#define STEP(m, code) (m_code(m, code, sizeof(code) - 1), m_step(m))

static inline u64 m_get(const struct machine *m, u64 lin, unsigned int len)
{
	u64 val = 0;

	memcpy(&val, m->mem + lin, len);
	return val;
}

static inline void m_put(struct machine *m, u64 lin, u64 val, unsigned int len)
{
	memcpy(m->mem + lin, &val, len);
}

/* Step until the instruction is complete; userspace answers each read with @answer. */
static inline int m_finish(struct machine *m, u64 answer, unsigned int max)
{
	int ret = KL_INSN_PENDING;

	while (max-- && (ret = m_step(m)) != KL_INSN_OK) {
		if (ret == KL_INSN_PENDING) {
			struct frag *f = &m->frag[m->nr_frags - 1];

			m->nr_exits++;
			if (f->write)
				m->last_write = f->data;
			else
				f->data = answer;
			f->done = true;
		} else if (ret != KL_INSN_AGAIN && ret != KL_INSN_RETRY) {
			break;
		}
	}
	return ret;
}

#endif /* KL_UNIT_INSN_MACHINE_H */
