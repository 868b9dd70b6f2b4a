// SPDX-License-Identifier: GPL-2.0-only
/*
 * A 16550A UART. Bytes leave at once; received bytes wait in a FIFO of 16.
 *
 * tour 75: a device in one file: registers, the interrupt condition, and the
 * one function that moves the line.
 */
#include <linux/serial_reg.h>
#include <string.h>

#include "serial16550.h"

/* The identification of the most urgent pending interrupt. */
static uint8_t kl_serial_iir(const struct kl_serial *s)
{
	/* Bytes before the trigger level when FCR bits 7:6 are 0 to 3 */
	static const uint8_t trigger[4] = { 1, 4, 8, 14 };
	bool fifo = s->fcr & UART_FCR_ENABLE_FIFO;

	if ((s->ier & UART_IER_RLSI) && s->overrun)
		return UART_IIR_RLSI;
	if ((s->ier & UART_IER_RDI) && s->rx_count)
		return fifo && s->rx_count < trigger[s->fcr >> 6] ?
		       UART_IIR_RX_TIMEOUT : UART_IIR_RDI;
	if ((s->ier & UART_IER_THRI) && s->thre)
		return UART_IIR_THRI;
	return UART_IIR_NO_INT;
}

/*
 * The line is high while an interrupt is pending. It is edge-triggered: it
 * falls when the guest acknowledges (reads IIR, RBR or LSR), so the next
 * condition is a new edge.
 */
static void kl_serial_update(struct kl_serial *s)
{
	bool level = kl_serial_iir(s) != UART_IIR_NO_INT;

	if (level == s->level)
		return;
	s->level = level;
	s->env->irq(s->env->opaque, KL_COM1_GSI, level);
}

/**
 * kl_serial_room() - how many bytes the UART can take now
 * @s: the UART
 *
 * Return: bytes that kl_serial_receive() will not lose; none while the guest
 * runs the UART in loopback.
 */
unsigned int kl_serial_room(const struct kl_serial *s)
{
	unsigned int max = s->fcr & UART_FCR_ENABLE_FIFO ? KL_SERIAL_FIFO : 1;

	if ((s->mcr & UART_MCR_LOOP) || s->rx_count >= max)
		return 0;
	return max - s->rx_count;
}

/**
 * kl_serial_receive() - a byte arrives on the line
 * @s: the UART
 * @byte: the byte; lost, as on a real line, if there is no room
 */
void kl_serial_receive(struct kl_serial *s, uint8_t byte)
{
	unsigned int max = s->fcr & UART_FCR_ENABLE_FIFO ? KL_SERIAL_FIFO : 1;

	if (s->rx_count >= max) {
		s->overrun = true;
	} else {
		s->rx[(s->rx_head + s->rx_count) % KL_SERIAL_FIFO] = byte;
		s->rx_count++;
	}
	kl_serial_update(s);
}

static uint8_t kl_serial_pop(struct kl_serial *s)
{
	uint8_t byte;

	if (!s->rx_count)
		return 0;
	byte = s->rx[s->rx_head];
	s->rx_head = (s->rx_head + 1) % KL_SERIAL_FIFO;
	s->rx_count--;
	return byte;
}

/* In loopback the modem outputs are the modem inputs. */
static uint8_t kl_serial_msr(const struct kl_serial *s)
{
	uint8_t msr = 0;

	if (!(s->mcr & UART_MCR_LOOP))
		return UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS;
	if (s->mcr & UART_MCR_DTR)
		msr |= UART_MSR_DSR;
	if (s->mcr & UART_MCR_RTS)
		msr |= UART_MSR_CTS;
	if (s->mcr & UART_MCR_OUT1)
		msr |= UART_MSR_RI;
	if (s->mcr & UART_MCR_OUT2)
		msr |= UART_MSR_DCD;
	return msr;
}

static uint8_t kl_serial_read_iir(struct kl_serial *s)
{
	uint8_t iir = kl_serial_iir(s);

	if (iir == UART_IIR_THRI)
		s->thre = false;
	if (s->fcr & UART_FCR_ENABLE_FIFO)
		iir |= 0xc0;
	return iir;
}

static uint8_t kl_serial_read_lsr(struct kl_serial *s)
{
	uint8_t lsr = UART_LSR_THRE | UART_LSR_TEMT;

	if (s->rx_count)
		lsr |= UART_LSR_DR;
	if (s->overrun)
		lsr |= UART_LSR_OE;
	s->overrun = false;
	return lsr;
}

static uint32_t kl_serial_in(void *opaque, uint16_t port, unsigned int size)
{
	struct kl_serial *s = opaque;
	bool dlab = s->lcr & UART_LCR_DLAB;
	uint8_t value;

	(void)size;
	switch (port - KL_COM1_PORT) {
	case UART_RX:
		value = dlab ? s->dll : kl_serial_pop(s);
		break;
	case UART_IER:
		value = dlab ? s->dlm : s->ier;
		break;
	case UART_IIR:
		value = kl_serial_read_iir(s);
		break;
	case UART_LCR:
		value = s->lcr;
		break;
	case UART_MCR:
		value = s->mcr;
		break;
	case UART_LSR:
		value = kl_serial_read_lsr(s);
		break;
	case UART_MSR:
		value = kl_serial_msr(s);
		break;
	default:
		value = s->scr;
		break;
	}
	kl_serial_update(s);
	return value;
}

static void kl_serial_transmit(struct kl_serial *s, uint8_t byte)
{
	if (s->mcr & UART_MCR_LOOP)
		kl_serial_receive(s, byte);
	else
		s->tx(s->tx_opaque, byte);
	s->thre = true;
}

static void kl_serial_fcr(struct kl_serial *s, uint8_t value)
{
	bool toggled = (s->fcr ^ value) & UART_FCR_ENABLE_FIFO;

	if (toggled || (value & UART_FCR_CLEAR_RCVR))
		s->rx_count = 0;
	if (value & UART_FCR_ENABLE_FIFO)
		s->fcr = value & (UART_FCR_ENABLE_FIFO | 0xc0);
	else
		s->fcr = 0;
}

static void kl_serial_out(void *opaque, uint16_t port, unsigned int size,
			  uint32_t value)
{
	struct kl_serial *s = opaque;
	bool dlab = s->lcr & UART_LCR_DLAB;

	(void)size;
	switch (port - KL_COM1_PORT) {
	case UART_TX:
		if (dlab)
			s->dll = value;
		else
			kl_serial_transmit(s, value);
		break;
	case UART_IER:
		if (dlab) {
			s->dlm = value;
			break;
		}
		/* Enabling it with an empty transmitter asks at once. */
		if ((value & UART_IER_THRI) && !(s->ier & UART_IER_THRI))
			s->thre = true;
		s->ier = value & 0x0f;
		break;
	case UART_FCR:
		kl_serial_fcr(s, value);
		break;
	case UART_LCR:
		s->lcr = value;
		break;
	case UART_MCR:
		s->mcr = value & 0x1f;
		break;
	case UART_SCR:
		s->scr = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
	kl_serial_update(s);
}

/**
 * kl_serial_init() - the state after reset
 * @s: the UART
 * @env: the world outside
 * @tx: called for each byte that leaves
 * @tx_opaque: its first argument
 */
void kl_serial_init(struct kl_serial *s, struct kl_env *env,
		    void (*tx)(void *opaque, uint8_t byte), void *tx_opaque)
{
	memset(s, 0, sizeof(*s));
	s->env = env;
	s->tx = tx;
	s->tx_opaque = tx_opaque;
	s->dll = 12; /* 9600 baud */
}

/**
 * kl_serial_attach() - put the UART on the bus
 * @s: the UART
 * @bus: the bus
 *
 * Return: 0, or -1 if the bus has no room.
 */
int kl_serial_attach(struct kl_serial *s, struct kl_bus *bus)
{
	const struct kl_ports ports = {
		.name = "serial", .first = KL_COM1_PORT, .count = 8, .width = 1,
		.in = kl_serial_in, .out = kl_serial_out, .opaque = s,
	};

	return kl_bus_add(bus, &ports);
}
