/* SPDX-License-Identifier: GPL-2.0-only */
/* A 16550A UART at the place of COM1. */
#ifndef KL_USER_SERIAL_H
#define KL_USER_SERIAL_H

#include "dev.h"

#define KL_COM1_PORT 0x3f8
#define KL_COM1_GSI 4
#define KL_SERIAL_FIFO 16u

/**
 * struct kl_serial - the UART
 * @env: the world outside
 * @tx: a byte leaves on the line
 * @tx_opaque: its first argument
 * @ier: interrupt enable register
 * @lcr: line control register
 * @mcr: modem control register
 * @scr: scratch register
 * @fcr: FIFO control register
 * @dll: divisor latch, low byte
 * @dlm: divisor latch, high byte
 * @thre: "transmitter empty" has not been acknowledged
 * @overrun: a byte was lost since LSR was read
 * @level: level of the interrupt line
 * @rx: received bytes
 * @rx_head: the oldest of them
 * @rx_count: how many
 */
struct kl_serial {
	struct kl_env *env;
	void (*tx)(void *opaque, uint8_t byte);
	void *tx_opaque;
	uint8_t ier, lcr, mcr, scr, fcr, dll, dlm;
	bool thre;
	bool overrun;
	bool level;
	uint8_t rx[KL_SERIAL_FIFO];
	unsigned int rx_head, rx_count;
};

void kl_serial_init(struct kl_serial *s, struct kl_env *env,
		    void (*tx)(void *opaque, uint8_t byte), void *tx_opaque);
unsigned int kl_serial_room(const struct kl_serial *s);
void kl_serial_receive(struct kl_serial *s, uint8_t byte);
int kl_serial_attach(struct kl_serial *s, struct kl_bus *bus);

#endif /* KL_USER_SERIAL_H */
