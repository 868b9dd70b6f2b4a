// SPDX-License-Identifier: GPL-2.0-only
/*
 * Port I/O: every size, both directions, and the string forms with REP, whose
 * data goes through the second page of the vCPU's mapping.
 */
#include "test.h"

#define PORT 0x2f0

static uint8_t buf[8192];

static void guest_plain(void)
{
	g_out8(PORT, 0x5a);
	g_out16(PORT, 0xbeef);
	g_out32(PORT, 0xdeadbeef);
	g_eq(g_in8(PORT), 0xa5);
	g_eq(g_in16(PORT), 0x1234);
	g_eq(g_in32(PORT), 0x89abcdef);
	/* An 8-bit IN leaves the rest of RAX alone, a 32-bit one clears it. */
	uint64_t a = 0x1122334455667788;

	asm volatile("inb %%dx, %%al" : "+a"(a) : "d"(PORT));
	g_eq(a, 0x11223344556677a5);
	asm volatile("inl %%dx, %%eax" : "+a"(a) : "d"(PORT));
	g_eq(a, 0x89abcdef);
	g_done();
}

static void io_out(struct kl_vcpu *v, unsigned int size, uint32_t want)
{
	uint32_t got = 0;

	kl_expect(v, KVM_EXIT_IO);
	kl_eq(v->run->io.direction, KVM_EXIT_IO_OUT);
	kl_eq(v->run->io.port, PORT);
	kl_eq(v->run->io.size, size);
	kl_eq(v->run->io.count, 1);
	memcpy(&got, (char *)v->run + v->run->io.data_offset, size);
	kl_eq(got, want);
}

static void io_in(struct kl_vcpu *v, unsigned int size, uint32_t value)
{
	kl_expect(v, KVM_EXIT_IO);
	kl_eq(v->run->io.direction, KVM_EXIT_IO_IN);
	kl_eq(v->run->io.port, PORT);
	kl_eq(v->run->io.size, size);
	kl_eq(v->run->io.count, 1);
	kl_check(v->run->io.data_offset + size <= v->run_size);
	memcpy((char *)v->run + v->run->io.data_offset, &value, size);
}

TEST(plain)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_plain);
	io_out(v, 1, 0x5a);
	io_out(v, 2, 0xbeef);
	io_out(v, 4, 0xdeadbeef);
	io_in(v, 1, 0xa5);
	io_in(v, 2, 0x1234);
	io_in(v, 4, 0x89abcdef);
	io_in(v, 1, 0xa5);
	io_in(v, 4, 0x89abcdef);
	kl_done(v);
	kl_vm_free(vm);
}

static void guest_string(void)
{
	void *p = buf;
	uint64_t n = 100;

	asm volatile("rep outsb" : "+S"(p), "+c"(n) : "d"(PORT) : "memory");
	g_eq(n, 0);
	g_eq((uintptr_t)p, (uintptr_t)buf + 100);
	p = buf + 1000;
	n = 1100;
	asm volatile("rep insw" : "+D"(p), "+c"(n) : "d"(PORT) : "memory");
	g_eq(n, 0);
	g_eq((uintptr_t)p, (uintptr_t)buf + 3200);
	/* Backwards, and across a page. */
	p = buf + 4200;
	n = 5;
	asm volatile("std; rep outsl; cld" : "+S"(p), "+c"(n) : "d"(PORT)
		     : "memory");
	g_eq(n, 0);
	g_eq((uintptr_t)p, (uintptr_t)buf + 4180);
	/* Count zero does nothing. */
	asm volatile("rep outsb" : "+S"(p), "+c"(n) : "d"(PORT) : "memory");
	p = buf + 5000;
	asm volatile("insb" : "+D"(p) : "d"(PORT) : "memory");
	g_eq((uintptr_t)p, (uintptr_t)buf + 5001);
	g_done();
}

/*
 * A repeated instruction may come in one exit or in several: what counts is
 * that all elements come in order and that each exit's block is in the mapping.
 */
static void string_io(struct kl_vcpu *v, int dir, unsigned int size,
		      unsigned int count, uint8_t *data)
{
	unsigned int n = 0, bytes;
	char *p;

	while (n < count) {
		kl_expect(v, KVM_EXIT_IO);
		kl_eq(v->run->io.direction, dir);
		kl_eq(v->run->io.port, PORT);
		kl_eq(v->run->io.size, size);
		kl_check(v->run->io.count >= 1 &&
			 v->run->io.count <= count - n);
		bytes = v->run->io.count * size;
		kl_check(v->run->io.data_offset + bytes <= v->run_size);
		p = (char *)v->run + v->run->io.data_offset;
		if (dir == KVM_EXIT_IO_OUT)
			memcpy(data + n * size, p, bytes);
		else
			memcpy(p, data + n * size, bytes);
		n += v->run->io.count;
	}
}

TEST(string)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	uint8_t *g = kl_hva(vm, buf), data[4096];
	unsigned int i;

	for (i = 0; i < sizeof(buf); i++)
		g[i] = i * 7;
	kl_long(v, guest_string);
	string_io(v, KVM_EXIT_IO_OUT, 1, 100, data);
	kl_eq(memcmp(data, g, 100), 0);
	for (i = 0; i < 2200; i++)
		data[i] = i * 3 + 1;
	string_io(v, KVM_EXIT_IO_IN, 2, 1100, data);
	string_io(v, KVM_EXIT_IO_OUT, 4, 5, data + 3000);
	kl_eq(memcmp(g + 1000, data, 2200), 0);
	for (i = 0; i < 5; i++)
		kl_eq(memcmp(data + 3000 + 4 * i, g + 4200 - 4 * i, 4), 0);
	data[0] = 0x77;
	string_io(v, KVM_EXIT_IO_IN, 1, 1, data);
	kl_done(v);
	kl_eq(g[5000], 0x77);
	kl_vm_free(vm);
}
