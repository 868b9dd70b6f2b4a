// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a guest frame to the client's memory, and access to guest memory by the
 * module through it.
 *
 * The module reaches guest memory as the client itself would, with copies from
 * and to user addresses: Linux does all the work of faults, sharing and dirty
 * tracking, and no page is held.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "mmu.h"
#include "ops.h"
#include "pte.h"

/**
 * kl_gfn_limit - end of the guest physical address space
 * @vm: the VM
 *
 * Return: the first GFN that cannot be mapped.
 */
gfn_t kl_gfn_limit(const struct kl_vm *vm)
{
	return 1ULL << (min_t(int, vm->mmu.cfg.maxphyaddr, KL_EPT_ADDR_BITS) - PAGE_SHIFT);
}

/**
 * kl_slots - the published slots
 * @vm: the VM; inside kl_mmu_enter(), or slots_lock held
 *
 * Return: the set.
 */
struct kl_memslots *kl_slots(struct kl_vm *vm)
{
	return srcu_dereference_check(vm->mmu.slots, &vm->mmu.srcu,
				      lockdep_is_held(&vm->mmu.slots_lock));
}

static bool kl_slot_has(const struct kl_memslot *slot, gfn_t gfn)
{
	return gfn >= slot->base && gfn - slot->base < slot->npages;
}

/**
 * kl_slot_find - the slot of a guest frame
 * @vm: the VM; inside kl_mmu_enter()
 * @gfn: the GFN
 *
 * A slot that is leaving is found too: to whoever came before it went, it is
 * still there.
 *
 * Return: the slot, valid until kl_mmu_exit(), or NULL.
 */
const struct kl_memslot *kl_slot_find(struct kl_vm *vm, gfn_t gfn)
{
	struct kl_memslots *slots = kl_slots(vm);
	unsigned int lo = 0, hi = slots->nr, i = READ_ONCE(slots->last);

	if (!slots->nr)
		return NULL;
	i = array_index_nospec(i, slots->nr);
	if (kl_slot_has(&slots->slot[i], gfn))
		return &slots->slot[i];

	/* The last one that does not begin above @gfn. */
	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (slots->slot[mid].base <= gfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return NULL;
	i = array_index_nospec(lo - 1, slots->nr);
	if (!kl_slot_has(&slots->slot[i], gfn))
		return NULL;
	WRITE_ONCE(slots->last, i);
	return &slots->slot[i];
}

/**
 * kl_slot_hva - client address of a guest frame
 * @slot: the frame's slot
 * @gfn: the GFN, inside @slot
 *
 * Return: the HVA.
 */
hva_t kl_slot_hva(const struct kl_memslot *slot, gfn_t gfn)
{
	/* The offset is the guest's: keep it inside under speculation too. */
	u64 offset = array_index_nospec(gfn - slot->base, slot->npages);

	return slot->hva + (offset << PAGE_SHIFT);
}

/**
 * kl_gpa_piece - how much of a range one slot holds, and where
 * @vm: the VM; inside kl_mmu_enter()
 * @gpa: begin of the range
 * @len: its length in bytes, not zero
 * @write: it is to be written
 * @hva: out: client address of @gpa
 *
 * Return: length of the piece at @gpa in bytes, 0 if there is no memory or it
 * is read-only and to be written.
 */
static size_t kl_gpa_piece(struct kl_vm *vm, gpa_t gpa, size_t len, bool write, hva_t *hva)
{
	gfn_t gfn = gpa >> PAGE_SHIFT;
	const struct kl_memslot *slot = kl_slot_find(vm, gfn);
	u64 room;

	if (!slot || (write && (slot->flags & KVM_MEM_READONLY)))
		return 0;
	*hva = kl_slot_hva(slot, gfn) + offset_in_page(gpa);
	room = ((slot->base + slot->npages) << PAGE_SHIFT) - gpa;
	return min_t(u64, len, room);
}

/*
 * copy_from_user() for what emulation reads all the time: a page-table entry
 * (8 bytes) and an instruction (up to 16). Two words that overlap need no loop.
 */
static int kl_read_user(void *buf, hva_t hva, size_t len)
{
	const u8 __user *from = (const u8 __user *)hva;
	u64 first, last;

	if (len < sizeof(first) || len > 2 * sizeof(first))
		return copy_from_user(buf, from, len) ? -EFAULT : 0;
	if (get_user(first, (const u64 __user *)from) ||
	    get_user(last, (const u64 __user *)(from + len - sizeof(last))))
		return -EFAULT;
	memcpy(buf, &first, sizeof(first));
	memcpy(buf + len - sizeof(last), &last, sizeof(last));
	return 0;
}

/**
 * kl_gpa_read - read guest memory
 * @vm: the VM; inside kl_mmu_enter(), in a thread of the client, may sleep
 * @gpa: where
 * @buf: where it goes
 * @len: number of bytes; may cross pages and slots
 *
 * Return: 0, or -EFAULT if not all of it is memory; @buf is then undefined.
 */
int kl_gpa_read(struct kl_vm *vm, gpa_t gpa, void *buf, size_t len)
{
	size_t n;
	hva_t hva;

	while (len) {
		n = kl_gpa_piece(vm, gpa, len, false, &hva);
		if (!n || kl_read_user(buf, hva, n))
			return -EFAULT;
		gpa += n;
		buf += n;
		len -= n;
	}
	return 0;
}

/**
 * kl_gpa_write - write guest memory
 * @vm: the VM; inside kl_mmu_enter(), in a thread of the client, may sleep
 * @gpa: where
 * @buf: the bytes
 * @len: their number; may cross pages and slots
 *
 * Return: 0, or -EFAULT if not all of it is writable memory; a part may have
 * been written.
 */
int kl_gpa_write(struct kl_vm *vm, gpa_t gpa, const void *buf, size_t len)
{
	size_t n;
	hva_t hva;

	while (len) {
		n = kl_gpa_piece(vm, gpa, len, true, &hva);
		if (!n || copy_to_user((void __user *)hva, buf, n))
			return -EFAULT;
		gpa += n;
		buf += n;
		len -= n;
	}
	return 0;
}

/*
 * kl_cmpxchg_user_N - one atomic exchange of N bits at a client address
 *
 * Returns 0 if exchanged, 1 if not (@old is then what was there), -EFAULT.
 */
#define KL_CMPXCHG_USER(bits)							\
static int kl_cmpxchg_user_##bits(hva_t hva, void *old, const void *new)	\
{										\
	u##bits expect, value;							\
	int ret;								\
										\
	memcpy(&expect, old, sizeof(expect));					\
	memcpy(&value, new, sizeof(value));					\
	ret = __try_cmpxchg_user((u##bits __user *)hva, &expect, value, fault);	\
	memcpy(old, &expect, sizeof(expect));					\
	return ret;								\
}

KL_CMPXCHG_USER(8)
KL_CMPXCHG_USER(16)
KL_CMPXCHG_USER(32)
KL_CMPXCHG_USER(64)

/**
 * kl_gpa_cmpxchg - compare and exchange in guest memory
 * @vm: the VM; inside kl_mmu_enter(), in a thread of the client, may sleep
 * @gpa: where; a multiple of @len
 * @old: in: what is expected; out: what was there
 * @new: what to store
 * @len: 1, 2, 4 or 8 bytes
 * @exchanged: out: @new was stored
 *
 * Atomic against the vCPUs and the client, with a full barrier.
 *
 * Return: 0 (whether exchanged or not), -EFAULT if it is not writable memory,
 * -EINVAL for another @len or an unaligned @gpa: not to be had atomically.
 */
int kl_gpa_cmpxchg(struct kl_vm *vm, gpa_t gpa, void *old, const void *new,
		   size_t len, bool *exchanged)
{
	hva_t hva;
	int ret;

	*exchanged = false;
	if ((len != 1 && len != 2 && len != 4 && len != 8) || (gpa & (len - 1)))
		return -EINVAL;
	if (kl_gpa_piece(vm, gpa, len, true, &hva) != len ||
	    !access_ok((void __user *)hva, len))
		return -EFAULT;

	switch (len) {
	case 1:
		ret = kl_cmpxchg_user_8(hva, old, new);
		break;
	case 2:
		ret = kl_cmpxchg_user_16(hva, old, new);
		break;
	case 4:
		ret = kl_cmpxchg_user_32(hva, old, new);
		break;
	default:
		ret = kl_cmpxchg_user_64(hva, old, new);
		break;
	}
	if (ret < 0)
		return ret;
	*exchanged = !ret;
	return 0;
}

/**
 * kl_gpa_is_ram - is there memory at a guest physical address
 * @vm: the VM; inside kl_mmu_enter()
 * @gpa: the address
 * @write: memory that can be written is meant
 *
 * Return: true if a slot is there.
 */
bool kl_gpa_is_ram(struct kl_vm *vm, gpa_t gpa, bool write)
{
	hva_t hva;

	return kl_gpa_piece(vm, gpa, 1, write, &hva);
}
