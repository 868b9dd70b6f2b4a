// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PVH kernel: an ELF file whose note XEN_ELFNOTE_PHYS32_ENTRY names a 32-bit
 * entry. It finds its memory map, modules and command line in a
 * hvm_start_info structure (the x86/HVM direct boot ABI).
 */
#include <linux/elf.h>
#include <stdio.h>
#include <string.h>

#include "boot.h"

#define KL_NOTE_PHYS32_ENTRY 18
#define KL_START_MAGIC 0x336ec578u
#define KL_MAX_PHDRS 128

/* The structures of the direct boot ABI, version 1. */
struct kl_start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modlist_gpa;
	uint64_t cmdline_gpa;
	uint64_t rsdp_gpa;
	uint64_t memmap_gpa;
	uint32_t memmap_entries;
	uint32_t reserved;
};

struct kl_start_module {
	uint64_t gpa;
	uint64_t size;
	uint64_t cmdline_gpa;
	uint64_t reserved;
};

struct kl_start_memmap {
	uint64_t gpa;
	uint64_t size;
	uint32_t type;
	uint32_t reserved;
};

struct kl_start_page {
	struct kl_start_info info;
	struct kl_start_module initrd;
	struct kl_start_memmap map[KL_E820_MAX];
};

/**
 * kl_is_elf() - does a file begin as an ELF file does
 * @img: the file
 *
 * Return: true if it has the magic.
 */
bool kl_is_elf(const struct kl_image *img)
{
	return img->size >= SELFMAG && !memcmp(img->data, ELFMAG, SELFMAG);
}

static uint64_t kl_round4(uint64_t n)
{
	return (n + 3) & ~3ull;
}

/* Look for the entry in @len bytes of notes; returns true when found. */
static bool kl_pvh_note(const uint8_t *p, uint64_t len, uint32_t *entry)
{
	struct elf64_note nh;
	uint64_t desc, next;

	while (len >= sizeof(nh)) {
		memcpy(&nh, p, sizeof(nh));
		desc = sizeof(nh) + kl_round4(nh.n_namesz);
		next = desc + kl_round4(nh.n_descsz);
		if (desc + nh.n_descsz > len)
			return false;
		if (nh.n_type == KL_NOTE_PHYS32_ENTRY && nh.n_namesz == 4 &&
		    nh.n_descsz >= 4 && !memcmp(p + sizeof(nh), "Xen", 4)) {
			memcpy(entry, p + desc, 4);
			return true;
		}
		if (next >= len)
			return false;
		p += next;
		len -= next;
	}
	return false;
}

static int kl_pvh_add(struct kl_pvh *pvh, const struct kl_image *img,
		      const struct elf64_phdr *ph, struct kl_err *err)
{
	struct kl_pvh_seg *seg;

	if (!ph->p_memsz)
		return 0;
	if (pvh->nr_segs == KL_PVH_MAX_SEGS)
		return kl_err(err, "%s: more than %u loadable segments",
			      img->name, KL_PVH_MAX_SEGS);
	if (ph->p_filesz > ph->p_memsz || ph->p_paddr < KL_KERNEL_MIN_GPA ||
	    ph->p_memsz > UINT64_MAX - ph->p_paddr)
		return kl_err(err, "%s: damaged: a segment at %#llx with %llu bytes of %llu",
			      img->name, (unsigned long long)ph->p_paddr,
			      (unsigned long long)ph->p_filesz,
			      (unsigned long long)ph->p_memsz);
	seg = &pvh->seg[pvh->nr_segs++];
	seg->off = ph->p_offset;
	seg->file_len = ph->p_filesz;
	seg->mem_len = ph->p_memsz;
	seg->gpa = ph->p_paddr;
	if (seg->gpa < pvh->start)
		pvh->start = seg->gpa;
	if (seg->gpa + seg->mem_len > pvh->end)
		pvh->end = seg->gpa + seg->mem_len;
	return 0;
}

static int kl_elf_header(const struct kl_image *img, struct elf64_hdr *eh,
			 struct kl_err *err)
{
	if (img->size < sizeof(*eh))
		return kl_err(err, "%s: truncated: an ELF header has %zu bytes, the file %zu",
			      img->name, sizeof(*eh), img->size);
	memcpy(eh, img->data, sizeof(*eh));
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_machine != EM_X86_64)
		return kl_err(err, "%s: an ELF file, but not for x86-64 (class %u, machine %u)",
			      img->name, eh->e_ident[EI_CLASS], eh->e_machine);
	if (eh->e_phentsize != sizeof(struct elf64_phdr) || !eh->e_phnum ||
	    eh->e_phnum > KL_MAX_PHDRS)
		return kl_err(err,
			"%s: an ELF file with %u program headers of %u bytes is no kernel",
			      img->name, eh->e_phnum, eh->e_phentsize);
	if (eh->e_phoff > img->size ||
	    eh->e_phnum * sizeof(struct elf64_phdr) > img->size - eh->e_phoff)
		return kl_err(err, "%s: truncated: the program headers end behind the file",
			      img->name);
	return 0;
}

/**
 * kl_pvh_parse() - read an ELF kernel with a PVH entry
 * @img: the file
 * @pvh: filled in
 * @err: what is wrong with the file
 *
 * Pure: touches nothing but its arguments.
 *
 * Return: 0, or -1 if the file cannot be started by PVH.
 */
int kl_pvh_parse(const struct kl_image *img, struct kl_pvh *pvh,
		 struct kl_err *err)
{
	bool found = false;
	struct elf64_hdr eh;
	struct elf64_phdr ph;
	unsigned int i;

	memset(pvh, 0, sizeof(*pvh));
	pvh->start = UINT64_MAX;
	if (kl_elf_header(img, &eh, err))
		return -1;
	for (i = 0; i < eh.e_phnum; i++) {
		memcpy(&ph, img->data + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type != PT_LOAD && ph.p_type != PT_NOTE)
			continue;
		if (ph.p_offset > img->size ||
		    ph.p_filesz > img->size - ph.p_offset)
			return kl_err(err,
				"%s: truncated: segment %u ends at %llu, the file at %zu",
				      img->name, i,
				      (unsigned long long)(ph.p_offset + ph.p_filesz),
				      img->size);
		if (ph.p_type == PT_NOTE)
			found |= kl_pvh_note(img->data + ph.p_offset,
					     ph.p_filesz, &pvh->entry);
		else if (kl_pvh_add(pvh, img, &ph, err))
			return -1;
	}
	if (!pvh->nr_segs)
		return kl_err(err, "%s: an ELF file without a loadable segment",
			      img->name);
	if (!found)
		return kl_err(err,
			"%s: an ELF file without a PVH entry (note XEN_ELFNOTE_PHYS32_ENTRY): build it with CONFIG_PVH=y, or use the bzImage",
			      img->name);
	if (pvh->entry < pvh->start || pvh->entry >= pvh->end)
		return kl_err(err, "%s: damaged: the PVH entry %#x is in no segment",
			      img->name, pvh->entry);
	return 0;
}

static void kl_start_page_fill(const struct kl_mem *mem,
			       const struct kl_boot *boot)
{
	struct kl_start_page page = {
		.info = {
			.magic = KL_START_MAGIC,
			.version = 1,
			.cmdline_gpa = KL_CMDLINE_GPA,
			.rsdp_gpa = KL_ACPI_GPA,
			.memmap_gpa = KL_START_INFO_GPA +
				      offsetof(struct kl_start_page, map),
		},
		.initrd = {
			.gpa = boot->initrd_gpa,
			.size = boot->initrd_len,
		},
	};
	struct kl_e820 map[KL_E820_MAX];
	unsigned int i;

	if (boot->initrd_len) {
		page.info.nr_modules = 1;
		page.info.modlist_gpa = KL_START_INFO_GPA +
					offsetof(struct kl_start_page, initrd);
	}
	page.info.memmap_entries = kl_e820_build(mem, map);
	for (i = 0; i < page.info.memmap_entries; i++) {
		page.map[i].gpa = map[i].gpa;
		page.map[i].size = map[i].len;
		page.map[i].type = map[i].type;
	}
	kl_mem_write(mem, KL_START_INFO_GPA, &page, sizeof(page));
}

/**
 * kl_pvh_load() - put a PVH kernel and what it needs into guest RAM
 * @mem: guest RAM
 * @img: the kernel
 * @initrd: the initrd, or NULL
 * @cmdline: the command line, already at KL_CMDLINE_GPA
 * @boot: filled in
 * @err: the reason of a failure
 *
 * Return: 0 or -1.
 */
int kl_pvh_load(const struct kl_mem *mem, const struct kl_image *img,
		const struct kl_image *initrd, const char *cmdline,
		struct kl_boot *boot, struct kl_err *err)
{
	struct kl_pvh pvh;
	unsigned int i;

	(void)cmdline;
	if (kl_pvh_parse(img, &pvh, err))
		return -1;
	if (pvh.end > mem->low)
		return kl_err(err, "--mem %lluM is too small: %s needs at least %lluM below 3G",
			      (unsigned long long)mem->size >> 20, img->name,
			      (unsigned long long)(pvh.end + 0xfffff) >> 20);
	/* RAM is zero: the part of a segment behind its file bytes is too. */
	for (i = 0; i < pvh.nr_segs; i++)
		kl_mem_write(mem, pvh.seg[i].gpa, img->data + pvh.seg[i].off,
			     pvh.seg[i].file_len);
	if (kl_initrd_place(mem, initrd, pvh.end, UINT32_MAX, boot, err))
		return -1;
	kl_start_page_fill(mem, boot);
	boot->protocol = KL_BOOT_PVH;
	boot->entry = pvh.entry;
	boot->params = KL_START_INFO_GPA;
	return 0;
}
