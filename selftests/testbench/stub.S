/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands as the protected-mode part of a bzImage, in front of an uncompressed
 * kernel, so that the emulated host need not decompress one (0.7 billion
 * instructions). The boot protocol enters here in 32-bit mode, flat segments,
 * paging off, %esi pointing to boot_params. The stub puts the kernel where it
 * was linked to run, maps the first 4 GiB one to one, enters long mode and
 * jumps to the kernel's 64-bit entry with %rsi as it came ("Linux/x86 Boot
 * Protocol", 64-bit boot protocol).
 *
 * make_bzimage.py fills in the three words at the start.
 */
	.code32
	.text
	.globl	_start
_start:
	jmp	1f
	.balign	8
load_addr:	.long	0		/* where the kernel runs, physical */
load_size:	.long	0		/* its bytes in this file, a multiple of 4 */
entry_addr:	.long	0		/* its 64-bit entry, physical */

1:	cli
	cld
	/* Where are we? boot_params has room for one call in its scratch word. */
	leal	0x1e8(%esi), %esp
	call	2f
2:	popl	%ebp
	subl	$2b - _start, %ebp	/* %ebp = address of _start */
	movl	%esi, %ebx		/* %ebx keeps boot_params */

	movl	load_addr - _start(%ebp), %edi
	movl	load_size - _start(%ebp), %ecx
	leal	0x1000(%ebp), %esi	/* the kernel follows in the next page */
	cmpl	%esi, %edi
	je	4f
	ja	3f
	hlt				/* Loaded above: the copy would overwrite us. */
	jmp	. - 1
3:	/* Loaded below, possibly with overlap: copy upwards from the end. */
	leal	-4(%esi,%ecx), %esi
	leal	-4(%edi,%ecx), %edi
	shrl	$2, %ecx
	std
	rep movsl
	cld
4:
	/*
	 * Identity map with 2 MiB pages, in 6 pages at 512 KiB that the boot
	 * loader is done with; boot_params and command line stand lower.
	 */
	movl	$0x80000, %edi
	xorl	%eax, %eax
	movl	$6 * 1024, %ecx
	rep stosl
	movl	$0x81003, 0x80000	/* PML4[0] */
	movl	$0x82003, 0x81000	/* PDPT[0..3] */
	movl	$0x83003, 0x81008
	movl	$0x84003, 0x81010
	movl	$0x85003, 0x81018
	movl	$0x82000, %edi
	movl	$0x83, %eax		/* present, writable, 2 MiB */
	movl	$2048, %ecx
5:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	5b

	leal	gdt - _start(%ebp), %eax
	movl	%eax, gdtr + 2 - _start(%ebp)
	lgdt	gdtr - _start(%ebp)
	movl	%cr4, %eax
	orl	$0x20, %eax		/* PAE */
	movl	%eax, %cr4
	movl	$0x80000, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	/* EFER */
	rdmsr
	orl	$0x100, %eax		/* LME */
	wrmsr
	movl	entry_addr - _start(%ebp), %edi
	leal	6f - _start(%ebp), %eax
	movl	%eax, far_ptr - _start(%ebp)
	movl	%cr0, %eax
	orl	$0x80000001, %eax	/* PG, PE */
	movl	%eax, %cr0
	ljmpl	*far_ptr - _start(%ebp)

	.code64
6:	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%ebx, %esi		/* boot_params */
	movl	%edi, %eax
	jmp	*%rax

	.balign	8
gdt:	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x10: 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x18: data */
gdtr:	.word	gdtr - gdt - 1
	.long	0
far_ptr: .long	0
	.word	0x10
