// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Linux bzImage, started by the 64-bit boot protocol
 * (Documentation/arch/x86/boot.rst, "64-bit Boot Protocol").
 *
 * tour 73: a bootloader in one file: check the setup header, copy the kernel
 * to where it wants to be, fill the zero page.
 */
#include <asm/bootparam.h>
#include <stdio.h>
#include <string.h>

#include "boot.h"

#define KL_HDR_OFF 0x1f1u	/* the setup header begins here */
#define KL_HDR_MAGIC 0x53726448u /* "HdrS" */
#define KL_MIN_VERSION 0x020c	/* the first with xloadflags */
#define KL_SECTOR 512u
#define KL_LOADER_OTHER 0xff
#define KL_ENTRY64_OFF 0x200

static int kl_not_a_kernel(const struct kl_image *img, struct kl_err *err)
{
	char hex[3 * 8 + 1] = "";
	size_t i, n = img->size < 8 ? img->size : 8;
	const char *hint = "";

	for (i = 0; i < n; i++)
		snprintf(hex + 3 * i, 4, " %02x", img->data[i]);
	if (n >= 2 && img->data[0] == 0x1f && img->data[1] == 0x8b)
		hint = " (gzip: unpack it first)";
	else if (n >= 4 && !memcmp(img->data, "\x28\xb5\x2f\xfd", 4))
		hint = " (zstd: unpack it first)";
	else if (n >= 6 && !memcmp(img->data, "\xfd\x37zXZ", 6))
		hint = " (xz: unpack it first)";
	else if (n >= 6 && !memcmp(img->data, "070701", 6))
		hint = " (a cpio archive: did you mean --initrd?)";
	else if (n >= 2 && !memcmp(img->data, "#!", 2))
		hint = " (a script)";
	return kl_err(err,
		"%s: neither a bzImage nor an ELF kernel: it has %zu bytes and begins with%s%s",
		      img->name, img->size, n ? hex : " nothing", hint);
}

/* The setup header, as much as the file has of it; the rest is zero. */
static void kl_header(const struct kl_image *img, struct setup_header *hdr)
{
	size_t len = 0x202u + img->data[0x201] - KL_HDR_OFF;

	if (len > sizeof(*hdr))
		len = sizeof(*hdr);
	if (len > img->size - KL_HDR_OFF)
		len = img->size - KL_HDR_OFF;
	memset(hdr, 0, sizeof(*hdr));
	memcpy(hdr, img->data + KL_HDR_OFF, len);
}

/**
 * kl_bzimage_parse() - read the setup header of a bzImage
 * @img: the file
 * @bz: filled in
 * @err: what is wrong with the file
 *
 * Pure: touches nothing but its arguments.
 *
 * Return: 0, or -1 if the file is no bzImage this runner can start.
 */
int kl_bzimage_parse(const struct kl_image *img, struct kl_bzimage *bz,
		     struct kl_err *err)
{
	struct setup_header hdr;
	unsigned int sects;

	if (img->size < 0x202 + 0x10)
		return kl_not_a_kernel(img, err);
	kl_header(img, &hdr);
	if (hdr.header != KL_HDR_MAGIC || hdr.boot_flag != 0xaa55)
		return kl_not_a_kernel(img, err);
	if (hdr.version < KL_MIN_VERSION)
		return kl_err(err,
			"%s: boot protocol %u.%02u is too old: 2.12 (Linux 3.8) or later is needed",
			      img->name, hdr.version >> 8, hdr.version & 0xff);
	if (!(hdr.xloadflags & XLF_KERNEL_64))
		return kl_err(err,
			"%s: the kernel has no 64-bit entry (XLF_KERNEL_64 is clear: a 32-bit kernel?)",
			      img->name);
	sects = hdr.setup_sects ? hdr.setup_sects : 4;
	memset(bz, 0, sizeof(*bz));
	bz->payload_off = (sects + 1) * KL_SECTOR;
	bz->payload_len = (size_t)hdr.syssize * 16;
	if (!bz->payload_len || bz->payload_off > img->size ||
	    bz->payload_len > img->size - bz->payload_off)
		return kl_err(err, "%s: truncated: the header promises %zu bytes, the file has %zu",
			      img->name, bz->payload_off + bz->payload_len,
			      img->size);
	bz->load_gpa = hdr.pref_address;
	bz->init_size = hdr.init_size;
	if (bz->load_gpa < KL_KERNEL_MIN_GPA || bz->init_size < bz->payload_len ||
	    bz->payload_len <= KL_ENTRY64_OFF ||
	    bz->load_gpa > UINT64_MAX - bz->init_size)
		return kl_err(err,
			"%s: damaged setup header: load address %#llx, %llu bytes needed, %zu present",
			      img->name, (unsigned long long)bz->load_gpa,
			      (unsigned long long)bz->init_size,
			      bz->payload_len);
	bz->initrd_max = hdr.initrd_addr_max;
	bz->cmdline_max = hdr.cmdline_size;
	bz->version = hdr.version;
	bz->header_len = 0x202u + img->data[0x201] - KL_HDR_OFF;
	if (bz->header_len > sizeof(hdr))
		bz->header_len = sizeof(hdr);
	return 0;
}

static void kl_zero_page(const struct kl_mem *mem, const struct kl_image *img,
			 const struct kl_boot *boot, struct boot_params *bp)
{
	struct kl_e820 map[KL_E820_MAX];
	unsigned int i;

	memset(bp, 0, sizeof(*bp));
	kl_header(img, &bp->hdr);
	bp->hdr.type_of_loader = KL_LOADER_OTHER;
	bp->hdr.vid_mode = 0xffff; /* "normal": there is no screen */
	bp->hdr.cmd_line_ptr = KL_CMDLINE_GPA;
	bp->hdr.ramdisk_image = boot->initrd_gpa;
	bp->hdr.ramdisk_size = boot->initrd_len;
	bp->acpi_rsdp_addr = KL_ACPI_GPA;
	bp->e820_entries = kl_e820_build(mem, map);
	for (i = 0; i < bp->e820_entries; i++) {
		bp->e820_table[i].addr = map[i].gpa;
		bp->e820_table[i].size = map[i].len;
		bp->e820_table[i].type = map[i].type;
	}
}

/**
 * kl_bzimage_load() - put a bzImage and what it needs into guest RAM
 * @mem: guest RAM
 * @img: the kernel
 * @initrd: the initrd, or NULL
 * @cmdline: the command line
 * @boot: filled in
 * @err: the reason of a failure
 *
 * Return: 0 or -1.
 */
int kl_bzimage_load(const struct kl_mem *mem, const struct kl_image *img,
		    const struct kl_image *initrd, const char *cmdline,
		    struct kl_boot *boot, struct kl_err *err)
{
	struct boot_params bp;
	struct kl_bzimage bz;
	uint64_t end;

	if (kl_bzimage_parse(img, &bz, err))
		return -1;
	if (strlen(cmdline) > bz.cmdline_max)
		return kl_err(err, "--cmdline: %zu bytes, %s takes %u",
			      strlen(cmdline), img->name, bz.cmdline_max);
	end = bz.load_gpa + bz.init_size;
	if (end > mem->low)
		return kl_err(err, "--mem %lluM is too small: %s needs at least %lluM below 3G",
			      (unsigned long long)mem->size >> 20, img->name,
			      (unsigned long long)(end + 0xfffff) >> 20);
	kl_mem_write(mem, bz.load_gpa, img->data + bz.payload_off,
		     bz.payload_len);
	if (kl_initrd_place(mem, initrd, end, bz.initrd_max, boot, err))
		return -1;
	kl_zero_page(mem, img, boot, &bp);
	kl_mem_write(mem, KL_ZERO_PAGE_GPA, &bp, sizeof(bp));
	boot->protocol = KL_BOOT_LINUX64;
	boot->entry = bz.load_gpa + KL_ENTRY64_OFF;
	boot->params = KL_ZERO_PAGE_GPA;
	return 0;
}
