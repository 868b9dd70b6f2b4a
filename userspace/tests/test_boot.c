// SPDX-License-Identifier: GPL-2.0-only
/* Kernel image parsers, placement, memory map and ACPI tables. */
#include <asm/bootparam.h>
#include <linux/elf.h>
#include <kt.h>
#include <sys/mman.h>

#include "../boot/boot.h"
#include "fake.h"

#define BZ_SIZE (5 * 512 + 64 * 1024)
#define FUZZ_ROUNDS 20000

static uint8_t file[BZ_SIZE];

/* A bzImage with four setup sectors and 64K of kernel. */
static struct kl_image bz_image(void)
{
	struct setup_header hdr = {
		.setup_sects = 4, .syssize = 4096, .boot_flag = 0xaa55,
		.jump = 0x6aeb, .header = 0x53726448, .version = 0x020f,
		.loadflags = 1, .initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 0x200000, .relocatable_kernel = 1,
		.xloadflags = XLF_KERNEL_64, .cmdline_size = 2047,
		.pref_address = 0x1000000, .init_size = 0x200000,
	};

	memset(file, 0xcc, sizeof(file));
	memcpy(file + 0x1f1, &hdr, sizeof(hdr));
	return (struct kl_image){ "bz", file, sizeof(file) };
}

static struct setup_header *bz_header(void)
{
	return (struct setup_header *)(void *)(file + 0x1f1);
}

/* An ELF kernel: one segment of 4K at 16M, one note. */
#define NOTE_OFF 0x200
#define SEG_OFF 0x1000

static struct kl_image pvh_image(void)
{
	static const char note[20] = {
		4, 0, 0, 0, 4, 0, 0, 0, 18, 0, 0, 0, 'X', 'e', 'n', 0,
		0x10, 0, 0, 1,
	};
	struct elf64_hdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
		.e_type = ET_EXEC, .e_machine = EM_X86_64,
		.e_phoff = sizeof(eh), .e_phentsize = sizeof(struct elf64_phdr),
		.e_phnum = 2,
	};
	struct elf64_phdr ph[2] = {
		{ .p_type = PT_LOAD, .p_offset = SEG_OFF, .p_filesz = 0x1000,
		  .p_memsz = 0x3000, .p_paddr = 0x1000000 },
		{ .p_type = PT_NOTE, .p_offset = NOTE_OFF,
		  .p_filesz = sizeof(note) },
	};

	memset(file, 0xcc, sizeof(file));
	memcpy(file, &eh, sizeof(eh));
	memcpy(file + sizeof(eh), ph, sizeof(ph));
	memcpy(file + NOTE_OFF, note, sizeof(note));
	return (struct kl_image){ "elf", file, 0x2000 };
}

KT_TEST(bzimage_is_read)
{
	struct kl_image img = bz_image();
	struct kl_bzimage bz;
	struct kl_err err;

	ASSERT_EQ(kl_bzimage_parse(&img, &bz, &err), 0);
	EXPECT_EQ(bz.payload_off, 5 * 512);
	EXPECT_EQ(bz.payload_len, 65536);
	EXPECT_EQ(bz.load_gpa, 0x1000000);
	EXPECT_EQ(bz.init_size, 0x200000);
	EXPECT_EQ(bz.initrd_max, 0x7fffffff);
	EXPECT_EQ(bz.cmdline_max, 2047);
}

/* The parser must refuse @img and say @needle. */
static void bz_refused(const struct kl_image *img, const char *needle)
{
	struct kl_bzimage bz;
	struct kl_err err = { "" };

	EXPECT_EQ(kl_bzimage_parse(img, &bz, &err), -1);
	KT_CHECK(strstr(err.text, needle), (void)0,
		 "'%s' does not say '%s'", err.text, needle);
}

KT_TEST(bzimage_bad_ones_are_named)
{
	struct kl_image img = bz_image();

	img.size = 10;
	bz_refused(&img, "10 bytes and begins with cc cc");
	img = bz_image();
	bz_header()->header = 0;
	bz_refused(&img, "neither a bzImage nor an ELF");
	img = bz_image();
	bz_header()->version = 0x0206;
	bz_refused(&img, "2.06 is too old");
	img = bz_image();
	bz_header()->xloadflags = 0;
	bz_refused(&img, "64-bit entry");
	img = bz_image();
	img.size -= 1;
	bz_refused(&img, "truncated");
	img = bz_image();
	bz_header()->syssize = 0xffffffff;
	bz_refused(&img, "truncated");
	img = bz_image();
	bz_header()->init_size = 1;
	bz_refused(&img, "damaged");
	img = bz_image();
	bz_header()->pref_address = ~0ull;
	bz_refused(&img, "damaged");
	img = bz_image();
	memcpy(file, "\x1f\x8b", 2);
	bz_header()->header = 0;
	bz_refused(&img, "gzip");
}

KT_TEST(pvh_is_read)
{
	struct kl_image img = pvh_image();
	struct kl_pvh pvh;
	struct kl_err err;

	ASSERT(kl_is_elf(&img));
	ASSERT_EQ(kl_pvh_parse(&img, &pvh, &err), 0);
	EXPECT_EQ(pvh.entry, 0x1000010);
	EXPECT_EQ(pvh.nr_segs, 1);
	EXPECT_EQ(pvh.start, 0x1000000);
	EXPECT_EQ(pvh.end, 0x1003000);
}

/* The parser must refuse @img and say @needle. */
static void pvh_refused(const struct kl_image *img, const char *needle)
{
	struct kl_pvh pvh;
	struct kl_err err = { "" };

	EXPECT_EQ(kl_pvh_parse(img, &pvh, &err), -1);
	KT_CHECK(strstr(err.text, needle), (void)0,
		 "'%s' does not say '%s'", err.text, needle);
}

KT_TEST(pvh_bad_ones_are_named)
{
	struct elf64_hdr *eh = (struct elf64_hdr *)(void *)file;
	struct elf64_phdr *ph = (struct elf64_phdr *)(void *)(file + sizeof(*eh));
	struct kl_image img = pvh_image();

	file[NOTE_OFF + 8] = 17;
	pvh_refused(&img, "CONFIG_PVH");
	img = pvh_image();
	eh->e_machine = EM_386;
	pvh_refused(&img, "not for x86-64");
	img = pvh_image();
	img.size = 40;
	pvh_refused(&img, "truncated");
	img = pvh_image();
	img.size = 0x1800;
	pvh_refused(&img, "truncated");
	img = pvh_image();
	eh->e_phoff = ~0ull;
	pvh_refused(&img, "truncated");
	img = pvh_image();
	ph->p_filesz = 0x4000;
	img.size = sizeof(file);
	pvh_refused(&img, "damaged");
	img = pvh_image();
	ph->p_paddr = 0x1000;
	pvh_refused(&img, "damaged");
	img = pvh_image();
	ph->p_type = PT_NULL;
	pvh_refused(&img, "without a loadable segment");
	img = pvh_image();
	file[NOTE_OFF + 19] = 0x20;
	pvh_refused(&img, "in no segment");
}

/* Damage a good image at random: the parsers must refuse or stay in bounds. */
static void fuzz(struct kl_image (*make)(void), uint64_t seed)
{
	unsigned int round, i, n;

	for (round = 0; round < FUZZ_ROUNDS; round++) {
		struct kl_image img;
		struct kl_bzimage bz;
		struct kl_pvh pvh;
		struct kl_err err;
		uint8_t *copy;

		if (round % 64 == 0)
			img = make();
		else
			img = (struct kl_image){ "f", file, make == pvh_image ?
						 0x2000 : sizeof(file) };
		n = fake_random(&seed) % 8;
		for (i = 0; i < n; i++)
			file[fake_random(&seed) % 0x280] = fake_random(&seed);
		if (fake_random(&seed) % 4 == 0)
			img.size = fake_random(&seed) % 0x1400;
		/* An exact copy: the sanitizer sees a byte too many. */
		copy = malloc(img.size ? img.size : 1);
		memcpy(copy, file, img.size);
		img.data = copy;
		if (!kl_bzimage_parse(&img, &bz, &err))
			EXPECT(bz.payload_off + bz.payload_len <= img.size);
		if (!kl_pvh_parse(&img, &pvh, &err))
			for (i = 0; i < pvh.nr_segs; i++)
				EXPECT(pvh.seg[i].off + pvh.seg[i].file_len <=
				       img.size);
		free(copy);
	}
}

KT_TEST(fuzz_bzimage)
{
	fuzz(bz_image, 1);
}

KT_TEST(fuzz_pvh)
{
	fuzz(pvh_image, 2);
}

KT_TEST(load_fills_the_zero_page)
{
	struct kl_image img = bz_image(), rd = { "rd", file, 5000 };
	struct boot_params *bp;
	struct kl_boot boot;
	struct kl_mem mem;
	struct kl_err err;

	ASSERT_EQ(kl_mem_alloc(&mem, 64 << 20, &err), 0);
	ASSERT_EQ(kl_boot_load(&mem, &img, &rd, "quiet", 2, &boot, &err), 0);
	EXPECT_EQ(boot.protocol, KL_BOOT_LINUX64);
	EXPECT_EQ(boot.entry, 0x1000200);
	bp = kl_mem_ptr(&mem, boot.params, sizeof(*bp));
	EXPECT_EQ(bp->hdr.type_of_loader, 0xff);
	EXPECT_EQ(bp->hdr.cmd_line_ptr, KL_CMDLINE_GPA);
	EXPECT_EQ(bp->hdr.ramdisk_size, 5000);
	EXPECT_EQ(bp->hdr.ramdisk_image, (64 << 20) - 8192);
	EXPECT_EQ(bp->acpi_rsdp_addr, KL_ACPI_GPA);
	EXPECT_EQ(bp->e820_entries, 4);
	EXPECT(!memcmp(kl_mem_ptr(&mem, KL_CMDLINE_GPA, 6), "quiet", 6));
	EXPECT(!memcmp(kl_mem_ptr(&mem, 0x1000000, 65536), file + 5 * 512,
		       65536));
	kl_mem_free(&mem);
}

KT_TEST(load_names_what_does_not_fit)
{
	struct kl_image img = bz_image(), rd = { "rd", file, sizeof(file) };
	char longline[3000];
	struct kl_boot boot;
	struct kl_mem mem;
	struct kl_err err;

	memset(longline, 'x', sizeof(longline) - 1);
	longline[sizeof(longline) - 1] = '\0';
	ASSERT_EQ(kl_mem_alloc(&mem, 16 << 20, &err), 0);
	EXPECT_EQ(kl_boot_load(&mem, &img, NULL, "", 1, &boot, &err), -1);
	EXPECT(strstr(err.text, "--mem 16M is too small"));
	EXPECT(strstr(err.text, "at least 18M"));
	kl_mem_free(&mem);
	ASSERT_EQ(kl_mem_alloc(&mem, 18 << 20, &err), 0);
	EXPECT_EQ(kl_boot_load(&mem, &img, NULL, longline, 1, &boot, &err), -1);
	EXPECT(strstr(err.text, "--cmdline"));
	EXPECT_EQ(kl_boot_load(&mem, &img, &rd, "", 1, &boot, &err), -1);
	EXPECT(strstr(err.text, "--initrd rd"));
	EXPECT_EQ(kl_boot_load(&mem, &img, NULL, "", 1, &boot, &err), 0);
	kl_mem_free(&mem);
}

KT_TEST(load_pvh)
{
	struct kl_image img = pvh_image(), rd = { "rd", file, 100 };
	struct kl_boot boot;
	struct kvm_regs regs;
	struct kl_mem mem;
	struct kl_err err;
	uint32_t *info;

	ASSERT_EQ(kl_mem_alloc(&mem, 32 << 20, &err), 0);
	ASSERT_EQ(kl_boot_load(&mem, &img, &rd, "a=b", 1, &boot, &err), 0);
	EXPECT_EQ(boot.protocol, KL_BOOT_PVH);
	kl_boot_regs(&boot, &regs);
	EXPECT_EQ(regs.rip, 0x1000010);
	EXPECT_EQ(regs.rbx, KL_START_INFO_GPA);
	info = kl_mem_ptr(&mem, KL_START_INFO_GPA, 64);
	EXPECT_EQ(info[0], 0x336ec578);
	EXPECT_EQ(info[1], 1);
	EXPECT_EQ(info[3], 1);
	EXPECT_EQ(info[6], KL_CMDLINE_GPA);
	EXPECT_EQ(info[12], 4);
	kl_mem_free(&mem);
}

KT_TEST(memory_above_3g_goes_above_4g)
{
	uint64_t size = 5ull << 30;
	/* Address space only: nothing is read or written. */
	struct kl_mem mem = {
		.hva = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
			    MAP_NORESERVE, -1, 0),
		.size = size, .low = 3ull << 30,
	};
	struct kl_e820 map[KL_E820_MAX];
	unsigned int i, n = kl_e820_build(&mem, map);
	uint64_t ram = 0;

	ASSERT(mem.hva != MAP_FAILED);
	ASSERT_EQ(n, 5);
	for (i = 0; i < n; i++) {
		if (i)
			EXPECT(map[i].gpa >= map[i - 1].gpa + map[i - 1].len);
		if (map[i].type == KL_E820_RAM)
			ram += map[i].len;
	}
	EXPECT_EQ(map[3].gpa + map[3].len, 3ull << 30);
	EXPECT_EQ(map[4].gpa, 4ull << 30);
	EXPECT_EQ(map[4].len, 2ull << 30);
	EXPECT_EQ(ram, size - (KL_KERNEL_MIN_GPA - KL_EBDA_GPA));
	EXPECT(!kl_mem_ptr(&mem, 3ull << 30, 1));
	EXPECT(!kl_mem_ptr(&mem, (3ull << 30) - 1, 2));
	EXPECT(!kl_mem_ptr(&mem, 6ull << 30, 1));
	EXPECT(!kl_mem_ptr(&mem, (4ull << 30) - 1, 2));
	EXPECT(!kl_mem_ptr(&mem, 0, ~0ull));
	EXPECT(kl_mem_ptr(&mem, (6ull << 30) - 1, 1) == mem.hva + size - 1);
	kl_mem_free(&mem);
}

KT_TEST(memory_larger_than_the_host)
{
	struct kl_mem mem;
	struct kl_err err;
	uint64_t total;

	ASSERT_EQ(kl_mem_host_total(&total), 0);
	EXPECT_EQ(kl_mem_alloc(&mem, (total & ~4095ull) + (1 << 20), &err), -1);
	EXPECT(strstr(err.text, "the host has only"));
}

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s += *p++;
	return s;
}

static uint64_t get(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

/* Follow the pointers from the RSDP; every checksum must be right. */
static void check_acpi(unsigned int cpus)
{
	static uint8_t buf[KL_ACPI_SIZE];
	size_t used = kl_acpi_build(buf, sizeof(buf), KL_ACPI_GPA, cpus);
	const uint8_t *xsdt, *fadt, *madt, *dsdt, *p;
	unsigned int lapics = 0, overrides = 0;

	ASSERT(used > 0 && used <= sizeof(buf));
	EXPECT(!memcmp(buf, "RSD PTR ", 8));
	EXPECT_EQ(sum(buf, 20), 0);
	EXPECT_EQ(sum(buf, 36), 0);
	xsdt = buf + (get(buf + 24, 8) - KL_ACPI_GPA);
	EXPECT(!memcmp(xsdt, "XSDT", 4));
	EXPECT_EQ(sum(xsdt, get(xsdt + 4, 4)), 0);
	fadt = buf + (get(xsdt + 36, 8) - KL_ACPI_GPA);
	madt = buf + (get(xsdt + 44, 8) - KL_ACPI_GPA);
	EXPECT(!memcmp(fadt, "FACP", 4) && !memcmp(madt, "APIC", 4));
	EXPECT_EQ(sum(fadt, get(fadt + 4, 4)), 0);
	EXPECT_EQ(sum(madt, get(madt + 4, 4)), 0);
	EXPECT_EQ(get(fadt + 56, 4), 0x600);	/* PM1a_EVT_BLK */
	EXPECT_EQ(get(fadt + 64, 4), 0x604);	/* PM1a_CNT_BLK */
	EXPECT_EQ(get(fadt + 76, 4), 0x608);	/* PM_TMR_BLK */
	EXPECT_EQ(get(fadt + 120, 8), 0xcf9);	/* RESET_REG address */
	EXPECT_EQ(fadt[128], 6);		/* RESET_VALUE */
	dsdt = buf + (get(fadt + 140, 8) - KL_ACPI_GPA); /* X_DSDT */
	EXPECT(!memcmp(dsdt, "DSDT", 4));
	EXPECT_EQ(sum(dsdt, get(dsdt + 4, 4)), 0);
	EXPECT(!memcmp(dsdt + 36, "\x08_S5_\x12\x08\x04\x0a\x05\x0a\x05\0\0", 14));
	for (p = madt + 44; p < madt + get(madt + 4, 4); p += p[1]) {
		ASSERT(p[1] >= 2);
		lapics += p[0] == 0;
		overrides += p[0] == 2;
	}
	EXPECT(p == madt + get(madt + 4, 4));
	EXPECT_EQ(lapics, cpus);
	EXPECT_EQ(overrides, 2);
}

KT_TEST(acpi_tables)
{
	uint8_t small[200];

	check_acpi(1);
	check_acpi(2);
	check_acpi(255);
	EXPECT_EQ(kl_acpi_build(small, sizeof(small), KL_ACPI_GPA, 1), 0);
}

KT_TEST(first_state_is_legal)
{
	struct kvm_sregs s = { 0 };

	kl_boot_sregs(KL_BOOT_LINUX64, &s);
	EXPECT_EQ(s.cs.selector, 0x10);
	EXPECT(s.cs.l && !s.cs.db && s.cs.type == 0xb);
	EXPECT_EQ(s.ds.selector, 0x18);
	EXPECT_EQ(s.cr0 & 0x80000001, 0x80000001);
	EXPECT_EQ(s.efer, 0x500);
	kl_boot_sregs(KL_BOOT_PVH, &s);
	EXPECT(!s.cs.l && s.cs.db);
	EXPECT_EQ(s.cr0 & 0x80000001, 1);
	EXPECT_EQ(s.efer, 0);
	EXPECT_EQ(s.cr4, 0);
}

KT_MAIN
