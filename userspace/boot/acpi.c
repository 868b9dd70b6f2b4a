// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ACPI tables: RSDP, XSDT, FADT, FACS, MADT, DSDT (ACPI specification 6,
 * "ACPI Software Programming Model").
 *
 * They say three things a guest cannot find out alone: which CPUs and interrupt
 * controllers there are, where the power-management registers are, and
 * (the only AML) which value of SLP_TYP means "off".
 *
 * tour 74: five small tables; the nine bytes of AML are explained one by one.
 */
#include <assert.h>
#include <string.h>

#include "boot.h"

#define KL_LAPIC_GPA 0xfee00000u
#define KL_IOAPIC_GPA 0xfec00000u
#define KL_IOAPIC_ID 0

struct kl_acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __packed;

struct kl_acpi_gas {
	uint8_t space;	/* 1: I/O ports */
	uint8_t bits;
	uint8_t offset;
	uint8_t access;	/* 1 byte, 2 word, 3 dword */
	uint64_t address;
} __packed;

struct kl_acpi_rsdp {
	char signature[8];
	uint8_t checksum;	/* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t checksum_all;
	uint8_t reserved[3];
} __packed;

struct kl_acpi_fadt {
	struct kl_acpi_header h;
	uint32_t facs;
	uint32_t dsdt;
	uint8_t reserved1;
	uint8_t profile;
	uint16_t sci_int;
	uint32_t smi_cmd;
	uint8_t acpi_enable, acpi_disable, s4bios, pstate;
	uint32_t pm1a_evt, pm1b_evt, pm1a_cnt, pm1b_cnt, pm2_cnt, pm_tmr;
	uint32_t gpe0, gpe1;
	uint8_t pm1_evt_len, pm1_cnt_len, pm2_cnt_len, pm_tmr_len;
	uint8_t gpe0_len, gpe1_len, gpe1_base, cst;
	uint16_t c2_latency, c3_latency, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t boot_arch;
	uint8_t reserved2;
	uint32_t flags;
	struct kl_acpi_gas reset_reg;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor;
	uint64_t x_facs, x_dsdt;
	struct kl_acpi_gas x_pm1a_evt, x_pm1b_evt, x_pm1a_cnt, x_pm1b_cnt;
	struct kl_acpi_gas x_pm2_cnt, x_pm_tmr, x_gpe0, x_gpe1;
	struct kl_acpi_gas sleep_control, sleep_status;
	uint64_t hypervisor;
} __packed;

static_assert(sizeof(struct kl_acpi_header) == 36, "ACPI header");
static_assert(sizeof(struct kl_acpi_rsdp) == 36, "RSDP");
static_assert(sizeof(struct kl_acpi_fadt) == 276, "FADT revision 6");

/* FADT flags and boot architecture flags. */
#define KL_FADT_WBINVD BIT(0)
#define KL_FADT_PROC_C1 BIT(2)
#define KL_FADT_PWR_BUTTON BIT(4)	/* set: no fixed power button */
#define KL_FADT_SLP_BUTTON BIT(5)	/* set: no fixed sleep button */
#define KL_FADT_FIX_RTC BIT(6)	/* set: the RTC has no fixed event */
#define KL_FADT_TMR_VAL_EXT BIT(8)	/* the PM timer has 32 bits */
#define KL_FADT_RESET_REG BIT(10)
#define KL_BOOT_LEGACY_DEVICES BIT(0)
#define KL_BOOT_NO_VGA BIT(2)

/*
 * Name (\_S5_, Package () { 5, 5, 0, 0 }):
 *   08                NameOp
 *   5f 53 35 5f       "_S5_"
 *   12 08 04          PackageOp, length 8 with itself, 4 elements
 *   0a 05 0a 05 00 00 two bytes of 5: SLP_TYPa and SLP_TYPb; two zeros
 */
static const uint8_t kl_dsdt_aml[] = {
	0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04,
	0x0a, KL_SLP_TYP_S5, 0x0a, KL_SLP_TYP_S5, 0x00, 0x00,
};

/**
 * struct kl_acpi_buf - where the tables are written
 * @buf: their first byte in the runner
 * @size: bytes at @buf
 * @gpa: where the guest sees @buf
 * @used: bytes used so far
 * @full: a table had no room
 */
struct kl_acpi_buf {
	uint8_t *buf;
	size_t size;
	uint64_t gpa;
	size_t used;
	bool full;
};

static uint8_t kl_acpi_sum(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint8_t sum = 0;

	while (len--)
		sum += *b++;
	return sum;
}

/* Copy @len bytes to the next 64-byte boundary; returns their GPA. */
static uint64_t kl_acpi_put(struct kl_acpi_buf *b, const void *src, size_t len)
{
	size_t at = (b->used + 63) & ~(size_t)63;

	if (at > b->size || len > b->size - at) {
		b->full = true;
		return 0;
	}
	memcpy(b->buf + at, src, len);
	b->used = at + len;
	return b->gpa + at;
}

/* Fill in a table's header and checksum, then put it. */
static uint64_t kl_acpi_table(struct kl_acpi_buf *b, const char *signature,
			      uint8_t revision, void *table, size_t len)
{
	struct kl_acpi_header *h = table;

	memcpy(h->signature, signature, 4);
	h->length = len;
	h->revision = revision;
	memcpy(h->oem_id, "KVMLIT", 6);
	memcpy(h->oem_table_id, "KVMLITE ", 8);
	h->oem_revision = 1;
	memcpy(h->creator_id, "KVML", 4);
	h->creator_revision = 1;
	h->checksum = 0;
	h->checksum = -kl_acpi_sum(table, len);
	return kl_acpi_put(b, table, len);
}

static struct kl_acpi_gas kl_acpi_port(uint16_t port, uint8_t bits,
				       uint8_t access)
{
	return (struct kl_acpi_gas){
		.space = 1, .bits = bits, .access = access, .address = port,
	};
}

static uint64_t kl_acpi_fadt(struct kl_acpi_buf *b, uint64_t facs,
			     uint64_t dsdt)
{
	struct kl_acpi_fadt f = {
		.facs = facs,
		.dsdt = dsdt,
		.x_dsdt = dsdt,
		.sci_int = KL_SCI_GSI,
		.pm1a_evt = KL_PM_EVT_PORT,
		.pm1a_cnt = KL_PM_CNT_PORT,
		.pm_tmr = KL_PM_TMR_PORT,
		.pm1_evt_len = 4,
		.pm1_cnt_len = 2,
		.pm_tmr_len = 4,
		.c2_latency = 0xffff,	/* no C2, no C3 */
		.c3_latency = 0xffff,
		.century = 0x32,
		/* No 8042 is announced: a guest need not probe for a keyboard. */
		.boot_arch = KL_BOOT_LEGACY_DEVICES | KL_BOOT_NO_VGA,
		.flags = KL_FADT_WBINVD | KL_FADT_PROC_C1 | KL_FADT_PWR_BUTTON |
			 KL_FADT_SLP_BUTTON | KL_FADT_FIX_RTC |
			 KL_FADT_TMR_VAL_EXT | KL_FADT_RESET_REG,
		.reset_reg = kl_acpi_port(0xcf9, 8, 1),
		.reset_value = 6,
		.minor = 0,
		.x_pm1a_evt = kl_acpi_port(KL_PM_EVT_PORT, 32, 2),
		.x_pm1a_cnt = kl_acpi_port(KL_PM_CNT_PORT, 16, 2),
		.x_pm_tmr = kl_acpi_port(KL_PM_TMR_PORT, 32, 3),
	};

	memcpy(&f.hypervisor, "kvmlite", 8);
	return kl_acpi_table(b, "FACP", 6, &f, sizeof(f));
}

/* Append @n bytes to a MADT under construction. */
static uint8_t *kl_madt_add(uint8_t *p, const void *entry, size_t n)
{
	memcpy(p, entry, n);
	return p + n;
}

static uint64_t kl_acpi_madt(struct kl_acpi_buf *b, unsigned int cpus)
{
	struct __packed {
		struct kl_acpi_header h;
		uint32_t lapic_gpa;
		uint32_t flags;
		uint8_t entries[256 * 8 + 12 + 2 * 10 + 6];
	} m = { .lapic_gpa = KL_LAPIC_GPA, .flags = 1 /* there are PICs */ };
	/* type 1: IOAPIC, its GSIs begin at 0 */
	const uint8_t ioapic[12] = { 1, 12, KL_IOAPIC_ID, 0,
		(uint8_t)KL_IOAPIC_GPA, (uint8_t)(KL_IOAPIC_GPA >> 8),
		(uint8_t)(KL_IOAPIC_GPA >> 16), (uint8_t)(KL_IOAPIC_GPA >> 24) };
	/* type 2: ISA IRQ 0 is GSI 2, conforms to the bus */
	const uint8_t timer[10] = { 2, 10, 0, 0, 2, 0, 0, 0, 0, 0 };
	/* type 2: ISA IRQ 9, the SCI, is level-triggered and active high */
	const uint8_t sci[10] = { 2, 10, 0, KL_SCI_GSI, KL_SCI_GSI, 0, 0, 0,
				  0x0d, 0 };
	/* type 4: every LAPIC has the NMI on LINT1 */
	const uint8_t nmi[6] = { 4, 6, 0xff, 0, 0, 1 };
	uint8_t *p = m.entries;
	unsigned int i;

	if (cpus > 255) {
		b->full = true;
		return 0;
	}
	for (i = 0; i < cpus; i++) {
		/* type 0: processor UID, APIC ID, enabled */
		const uint8_t lapic[8] = { 0, 8, i, i, 1, 0, 0, 0 };

		p = kl_madt_add(p, lapic, sizeof(lapic));
	}
	p = kl_madt_add(p, ioapic, sizeof(ioapic));
	p = kl_madt_add(p, timer, sizeof(timer));
	p = kl_madt_add(p, sci, sizeof(sci));
	p = kl_madt_add(p, nmi, sizeof(nmi));
	return kl_acpi_table(b, "APIC", 5, &m, p - (uint8_t *)&m);
}

/**
 * kl_acpi_build() - write all tables, the RSDP first
 * @buf: where to
 * @size: bytes at @buf
 * @gpa: where the guest sees @buf; 16-byte aligned and below 4G
 * @cpus: number of CPUs, at most 255
 *
 * Pure: touches nothing but @buf.
 *
 * Return: bytes used, 0 if the tables do not fit.
 */
size_t kl_acpi_build(uint8_t *buf, size_t size, uint64_t gpa, unsigned int cpus)
{
	struct kl_acpi_buf b = { .buf = buf, .size = size, .gpa = gpa };
	struct kl_acpi_rsdp rsdp = {
		.revision = 2, .length = sizeof(rsdp),
	};
	struct __packed {
		struct kl_acpi_header h;
		uint8_t aml[sizeof(kl_dsdt_aml)];
	} dsdt = { 0 };
	struct __packed {
		struct kl_acpi_header h;
		uint64_t table[2];
	} xsdt = { 0 };
	/* The FACS has no checksum: signature, length, zeros. */
	uint8_t facs[64] = { 'F', 'A', 'C', 'S', 64, [32] = 2 };
	uint64_t facs_gpa;

	kl_acpi_put(&b, &rsdp, sizeof(rsdp)); /* its place; filled in below */
	facs_gpa = kl_acpi_put(&b, facs, sizeof(facs));
	memcpy(dsdt.aml, kl_dsdt_aml, sizeof(kl_dsdt_aml));
	xsdt.table[0] = kl_acpi_fadt(&b, facs_gpa,
				     kl_acpi_table(&b, "DSDT", 2, &dsdt,
						   sizeof(dsdt)));
	xsdt.table[1] = kl_acpi_madt(&b, cpus);
	rsdp.xsdt = kl_acpi_table(&b, "XSDT", 1, &xsdt, sizeof(xsdt));
	if (b.full)
		return 0;
	memcpy(rsdp.signature, "RSD PTR ", 8);
	memcpy(rsdp.oem_id, "KVMLIT", 6);
	rsdp.checksum = -kl_acpi_sum(&rsdp, 20);
	rsdp.checksum_all = -kl_acpi_sum(&rsdp, sizeof(rsdp));
	memcpy(buf, &rsdp, sizeof(rsdp));
	return b.used;
}
