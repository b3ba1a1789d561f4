/* Linked around the bench's own objects (see deckboot_rig.py) for what it does not have. */
#include "bench.h"

#include <stdlib.h>

void __real_device_reset(struct bench *, uint8_t cause);
void __wrap_device_reset(struct bench *, uint8_t cause);
void __real_uart_reset(struct bench *);
void __wrap_uart_reset(struct bench *);

/* BENCH_RESETS names, one digit each, the MCUSR bits of the external resets to come: 4 makes a
 * brown-out of one. What it does not name are external resets. */
void __wrap_device_reset(struct bench *b, uint8_t cause)
{
	static unsigned next;
	const char *causes = getenv("BENCH_RESETS");
	if (cause == 2 && causes && causes[next])
		cause = (uint8_t)(causes[next++] - '0');
	__real_device_reset(b, cause);
}

/* simavr leaves the transmitter on after a reset, so that forgetful programs print. And where UBRRH and
 * UCSRC share an address, the baud rate generator reads UBRRH, which is 0. */
void __wrap_uart_reset(struct bench *b)
{
	avr_uart_t *uart = b->uart.simavr;
	__real_uart_reset(b);
	if (!uart)
		return;
	b->avr->data[uart->r_ucsrb] = 0;
	if (uart->r_ucsrc == uart->ubrrh.reg)
		b->avr->data[uart->ubrrh.reg] = 0;
}
