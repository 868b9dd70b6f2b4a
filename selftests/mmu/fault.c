// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory comes on demand and follows what the host does to it: dropped,
 * unmapped, moved, protected and copied-on-write memory under a live slot.
 */
#include <pthread.h>
#include <sys/wait.h>

#include "test.h"
#include "kvmlite.h"

#define PAGES 64
#define SIZE (PAGES * 4096UL)

static volatile uint64_t turns, sum;

static uint8_t *slot1(struct kl_vm *vm, size_t size, uint32_t flags)
{
	uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	kl_check(p != MAP_FAILED);
	kl_slot(vm, 1, flags, KL_MMIO, size, p);
	return p;
}

static bool in_core(void *p)
{
	unsigned char v;

	kl_ok(mincore(p, 4096, &v));
	return v & 1;
}

static void guest_touch(void)
{
	volatile uint64_t *p = (volatile uint64_t *)KL_MMIO;
	unsigned int i;

	for (i = 0; i < PAGES; i += 2)
		p[i * 512] = i + 1;
	g_sync(1);
	for (i = 0; i < PAGES; i++)
		g_eq(p[i * 512], i & 1 ? 0 : i + 1);
	g_done();
}

static uint64_t violations(struct kl_vcpu *v)
{
	uint64_t n = 0;

	/* kvm-lite's name for it, and the stock module's. */
	if (kl_cap(NULL, KVM_CAP_BINARY_STATS_FD) &&
	    !kl_stat(v->fd, "ept_faults", &n) &&
	    !kl_stat(v->fd, "pf_taken", &n))
		kl_fail("no counter of faults among the stats");
	return n;
}

/* Only what the guest wrote is populated, and the content is the guest's. */
TEST(on_demand)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	uint8_t *p = slot1(vm, SIZE, 0);
	uint64_t before;
	unsigned int i;

	madvise(p, SIZE, MADV_NOHUGEPAGE);
	before = violations(v);
	kl_long(v, guest_touch);
	kl_eq(kl_sync(v), 1);
	for (i = 0; i < PAGES; i += 2) {
		kl_check(in_core(p + i * 4096));
		kl_eq(*(uint64_t *)(p + i * 4096), i + 1);
	}
	if (kl_cap(NULL, KVM_CAP_BINARY_STATS_FD)) {
		uint64_t n = violations(v) - before;

		/* Each page that is new to the host costs one, code and stack some. */
		kl_check(n >= PAGES / 2);
		kl_check(n < PAGES / 2 + 64);
	}
	kl_done(v);
	kl_vm_free(vm);
}

static void guest_loop(void)
{
	volatile uint64_t *p = (volatile uint64_t *)KL_MMIO;
	unsigned int i;
	uint64_t s;

	for (;;) {
		for (i = s = 0; i < PAGES; i++)
			s += p[i * 512];
		g_sync(s);
	}
}

static void fill(uint8_t *p, uint64_t x)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		*(uint64_t *)(p + i * 4096) = x + i;
}

#define SUM(x) ((uint64_t)(x) * PAGES + PAGES * (PAGES - 1) / 2)

/* What the host does to its memory is what the guest sees at once. */
TEST(follows_the_host)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	uint8_t *p = slot1(vm, SIZE, 0), *q;
	int status;
	pid_t pid;

	kl_long(v, guest_loop);
	fill(p, 1000);
	kl_eq(kl_sync(v), SUM(1000));
	/* Dropped: zeroes again. */
	kl_ok(madvise(p, SIZE, MADV_DONTNEED));
	kl_eq(kl_sync(v), 0);
	fill(p, 2000);
	kl_eq(kl_sync(v), SUM(2000));
	/* Another mapping in its place. */
	q = mmap(p, SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	kl_check(q == p);
	kl_eq(kl_sync(v), 0);
	/* Moved in from elsewhere. */
	q = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	kl_check(q != MAP_FAILED);
	fill(q, 3000);
	kl_check(mremap(q, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
	kl_eq(kl_sync(v), SUM(3000));
	/* After a fork the first write copies: the guest follows the parent. */
	pid = fork();
	if (!pid) {
		fill(p, 9000);
		_exit(0);
	}
	kl_eq(waitpid(pid, &status, 0), pid);
	kl_eq(kl_sync(v), SUM(3000));
	fill(p, 4000);
	kl_eq(kl_sync(v), SUM(4000));
	kl_vm_free(vm);
}

static void guest_write_loop(void)
{
	volatile uint64_t *p = (volatile uint64_t *)KL_MMIO;
	uint64_t n = 0;

	for (;;) {
		p[0] = ++n;
		g_sync(n);
	}
}

/* A child's copy does not change when the guest writes after the fork. */
TEST(copy_on_write)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	volatile uint64_t *p = (void *)slot1(vm, SIZE, 0);
	int ask[2], tell[2], status;
	uint64_t seen;
	char c = 0;
	pid_t pid;

	kl_ok(pipe(ask));
	kl_ok(pipe(tell));
	kl_long(v, guest_write_loop);
	kl_eq(kl_sync(v), 1);
	pid = fork();
	if (!pid) {
		if (read(ask[0], &c, 1) != 1)
			_exit(1);
		seen = *p;
		if (write(tell[1], &seen, 8) != 8)
			_exit(1);
		_exit(0);
	}
	kl_eq(kl_sync(v), 2);
	kl_eq(write(ask[1], &c, 1), 1);
	kl_eq(read(tell[0], &seen, 8), 8);
	kl_eq(waitpid(pid, &status, 0), pid);
	kl_eq(seen, 1);
	kl_eq(*p, 2);
	kl_vm_free(vm);
}

/* Memory that may not be written, or is gone, ends KVM_RUN with EFAULT. */
TEST(no_access)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	uint8_t *p = slot1(vm, SIZE, 0);

	kl_long(v, guest_write_loop);
	kl_eq(kl_sync(v), 1);
	kl_ok(mprotect(p, SIZE, PROT_READ));
	kl_eq(kl_try_run(v), -EFAULT);
	kl_eq(*(uint64_t *)p, 1);
	/* Given back, the same access succeeds. */
	kl_ok(mprotect(p, SIZE, PROT_READ | PROT_WRITE));
	kl_eq(kl_sync(v), 2);
	kl_ok(munmap(p, SIZE));
	kl_eq(kl_try_run(v), -EFAULT);
	kl_vm_free(vm);
}

static void guest_big(void)
{
	volatile uint64_t *p = (volatile uint64_t *)KL_MMIO;
	uint64_t i;

	for (i = 0; i < 4 << 20; i += 4096)
		p[i / 8] = i;
	g_done();
}

/* Huge pages of the host are huge in the guest's tables. */
TEST(huge_pages)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	uint8_t *mem = kl_huge(4 << 20);
	uint64_t n = 0, before;

	if (!mem)
		kl_skip("the host gives no huge pages");
	kl_slot(vm, 1, 0, KL_MMIO, 4 << 20, mem);
	kl_long(v, guest_big);
	before = violations(v);
	kl_done(v);
	kl_eq(*(uint64_t *)(mem + 0x234000), 0x234000);
	if (!kl_cap(NULL, KVM_CAP_BINARY_STATS_FD))
		kl_skip("no stats to count violations with");
	kl_check(violations(v) - before < 64);
	if (kl_stat(vm->fd, "pages_2m", &n))
		kl_eq(n, 2);
	else if (kl_is_kvmlite())
		kl_fail("no counter pages_2m among the stats");
	kl_vm_free(vm);
}

static void guest_busy(void)
{
	volatile uint64_t *p = (volatile uint64_t *)KL_MMIO;

	g_sync(0);
	g_sti();
	for (;;) {
		sum = p[0];
		turns++;
	}
}

static void *answer(void *arg)
{
	struct kl_vcpu *v = arg;
	int r;

	for (;;) {
		r = kl_try_run(v);
		if (r == -EINTR && v->run->immediate_exit)
			return NULL;
		kl_check(!r || r == -EINTR || r == -EFAULT);
		if (!r)
			kl_eq(v->run->exit_reason, KVM_EXIT_MMIO);
		if (!r)
			memset(v->run->mmio.data, 0xee, 8);
	}
}

/*
 * A slot goes and comes while the guest reads it: each read is either the
 * memory's or an MMIO exit, and once the slot is deleted no stale value comes.
 */
TEST(slot_deleted_while_running)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	uint8_t *p = slot1(vm, SIZE, 0);
	volatile uint64_t *n, *s;
	uint64_t from;
	pthread_t t;
	int i;

	*(uint64_t *)p = 0x1111111111111111;
	kl_long(v, guest_busy);
	kl_eq(kl_sync(v), 0);
	n = &kl_guest(vm, turns);
	s = &kl_guest(vm, sum);
	kl_eq(pthread_create(&t, NULL, answer, v), 0);
	for (i = 0; i < 10; i++) {
		for (from = *n; *n < from + 2;)
			sched_yield();
		kl_eq(*s, 0x1111111111111111);
		kl_slot(vm, 1, 0, KL_MMIO, 0, p);
		for (from = *n; *n < from + 2;)
			sched_yield();
		kl_eq(*s, 0xeeeeeeeeeeeeeeee);
		kl_slot(vm, 1, 0, KL_MMIO, SIZE, p);
		for (from = *n; *n < from + 2;)
			sched_yield();
	}
	/* immediate_exit alone would be seen at the next exit only. */
	v->run->immediate_exit = 1;
	kl_slot(vm, 1, 0, KL_MMIO, 0, p);
	pthread_join(t, NULL);
	kl_vm_free(vm);
}
