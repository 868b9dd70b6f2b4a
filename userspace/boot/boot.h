/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a guest comes to its first instruction: the image is parsed (pure code),
 * placed in guest RAM with the tables it expects, and the first vCPU is put
 * into the state its boot protocol asks for.
 *
 * What stands where below 1M (guest-physical):
 *   0x00500 GDT     0x06000 hvm_start_info (PVH)    0x07000 zero page (Linux)
 *   0x09000 page tables, six pages                  0x20000 command line
 *   0xe0000 ACPI tables
 */
#ifndef KL_USER_BOOT_H
#define KL_USER_BOOT_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../libkvmlite/err.h"
#include "../libkvmlite/memory.h"

#define KL_GDT_GPA 0x500ull
#define KL_START_INFO_GPA 0x6000ull
#define KL_ZERO_PAGE_GPA 0x7000ull
#define KL_PAGE_TABLE_GPA 0x9000ull
#define KL_CMDLINE_GPA 0x20000ull
#define KL_CMDLINE_MAX 0x10000u
#define KL_EBDA_GPA 0x9fc00ull
#define KL_ACPI_GPA 0xe0000ull
#define KL_ACPI_SIZE 0x8000u
#define KL_KERNEL_MIN_GPA 0x100000ull

/* Ports of the power-management registers that the FADT names. */
#define KL_PM_EVT_PORT 0x600
#define KL_PM_CNT_PORT 0x604
#define KL_PM_TMR_PORT 0x608
#define KL_SCI_GSI 9
#define KL_SLP_TYP_S5 5

/**
 * struct kl_image - a file in memory
 * @name: its path, for messages
 * @data: its bytes
 * @size: how many
 */
struct kl_image {
	const char *name;
	const uint8_t *data;
	size_t size;
};

/**
 * struct kl_bzimage - what the setup header of a bzImage says
 * @payload_off: offset in the file of the protected-mode kernel
 * @payload_len: its bytes
 * @load_gpa: where it wants to be
 * @init_size: bytes of RAM it needs from there on
 * @initrd_max: highest address a byte of the initrd may have
 * @cmdline_max: bytes of command line it takes, without the NUL
 * @version: protocol version, 0x20c and later
 * @header_len: bytes of the setup header from 0x1f1 on
 */
struct kl_bzimage {
	size_t payload_off;
	size_t payload_len;
	uint64_t load_gpa;
	uint64_t init_size;
	uint64_t initrd_max;
	uint32_t cmdline_max;
	uint16_t version;
	uint16_t header_len;
};

#define KL_PVH_MAX_SEGS 16

/**
 * struct kl_pvh_seg - one loadable part of a PVH kernel
 * @off: offset in the file
 * @file_len: bytes in the file
 * @mem_len: bytes in memory, at least @file_len; the rest is zero
 * @gpa: where it goes
 */
struct kl_pvh_seg {
	uint64_t off;
	uint64_t file_len;
	uint64_t mem_len;
	uint64_t gpa;
};

/**
 * struct kl_pvh - what an ELF file with a PVH note says
 * @entry: guest-physical address of the 32-bit entry
 * @start: lowest address of a segment
 * @end: address after the highest segment
 * @nr_segs: valid entries of @seg
 * @seg: the segments
 */
struct kl_pvh {
	uint32_t entry;
	uint64_t start;
	uint64_t end;
	unsigned int nr_segs;
	struct kl_pvh_seg seg[KL_PVH_MAX_SEGS];
};

enum kl_protocol {
	KL_BOOT_LINUX64, /* Linux 64-bit boot protocol */
	KL_BOOT_PVH,	 /* PVH: 32-bit protected mode, no paging */
};

/**
 * struct kl_boot - a loaded guest
 * @protocol: which protocol its entry follows
 * @entry: guest-physical address of the first instruction
 * @params: what RSI (Linux) or EBX (PVH) points to
 * @initrd_gpa: where the initrd is
 * @initrd_len: its bytes, 0 if there is none
 */
struct kl_boot {
	enum kl_protocol protocol;
	uint64_t entry;
	uint64_t params;
	uint64_t initrd_gpa;
	uint64_t initrd_len;
};

enum kl_e820_type {
	KL_E820_RAM = 1,
	KL_E820_RESERVED = 2,
};

/**
 * struct kl_e820 - one range of the memory map
 * @gpa: first byte
 * @len: bytes
 * @type: KL_E820_*
 */
struct kl_e820 {
	uint64_t gpa;
	uint64_t len;
	uint32_t type;
};

#define KL_E820_MAX 8

/* bzimage.c and pvh.c: pure parsers */
int kl_bzimage_parse(const struct kl_image *img, struct kl_bzimage *bz,
		     struct kl_err *err);
bool kl_is_elf(const struct kl_image *img);
int kl_pvh_parse(const struct kl_image *img, struct kl_pvh *pvh,
		 struct kl_err *err);

/* and what they put into memory */
int kl_bzimage_load(const struct kl_mem *mem, const struct kl_image *img,
		    const struct kl_image *initrd, const char *cmdline,
		    struct kl_boot *boot, struct kl_err *err);
int kl_pvh_load(const struct kl_mem *mem, const struct kl_image *img,
		const struct kl_image *initrd, const char *cmdline,
		struct kl_boot *boot, struct kl_err *err);

/* e820.c */
unsigned int kl_e820_build(const struct kl_mem *mem,
			   struct kl_e820 map[KL_E820_MAX]);

/* load.c */
int kl_image_read(const char *path, const char *option, struct kl_image *img,
		  struct kl_err *err);
void kl_image_free(struct kl_image *img);
int kl_initrd_place(const struct kl_mem *mem, const struct kl_image *initrd,
		    uint64_t kernel_end, uint64_t max, struct kl_boot *boot,
		    struct kl_err *err);
int kl_boot_load(const struct kl_mem *mem, const struct kl_image *kernel,
		 const struct kl_image *initrd, const char *cmdline,
		 unsigned int cpus, struct kl_boot *boot, struct kl_err *err);

/* cpu.c */
void kl_boot_cpu_tables(const struct kl_mem *mem);
void kl_boot_sregs(enum kl_protocol protocol, struct kvm_sregs *sregs);
void kl_boot_regs(const struct kl_boot *boot, struct kvm_regs *regs);

/* acpi.c */
size_t kl_acpi_build(uint8_t *buf, size_t size, uint64_t gpa,
		     unsigned int cpus);

#endif /* KL_USER_BOOT_H */
