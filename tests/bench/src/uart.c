/* The device's UART by the data sheet's chapter USART0, 8N1, asynchronous.
 *
 * Receiver: 16 samples a bit (8 with U2X), majority of three in the middle, two buffers behind the
 * shift register. A frame that waits in the shift register is lost when the next start bit comes.
 * Transmitter: UDR and a shift register; a frame begins on the next tick of the baud generator. */
#include "bench.h"

#define FE  (1 << 4)
#define DOR (1 << 3)

enum { MPCM_U2X = 0x03, UDRE = 1 << 5, TXC = 1 << 6, RXC = 1 << 7 };
enum { RXEN = 1 << 4, TXEN = 1 << 3, URSEL = 1 << 7 };

static uint8_t *reg(struct bench *b, avr_io_addr_t address)
{
	return &b->avr->data[address];
}

static uint32_t tick(struct bench *b)
{
	avr_uart_t *u = b->uart.simavr;
	return 1 + (*reg(b, u->ubrrl.reg) | (*reg(b, u->ubrrh.reg) & 0x0F) << 8);
}

static int samples(struct bench *b)
{
	return avr_regbit_get(b->avr, b->uart.simavr->u2x) ? 8 : 16;
}

static double next_tick(double at, uint32_t period)
{
	return ceil(at / period) * period;
}

/* --- receiver --- */

static int majority(struct bench *b, int bit)
{
	struct uart *u = &b->uart;
	int high = 0;
	for (int sample = u->rx_samples / 2 - 1; sample <= u->rx_samples / 2 + 1; sample++)
		high += wire_level(&b->line.to_device,
				   u->rx_start + (double)(bit * u->rx_samples + sample) * u->rx_tick);
	return high >= 2;
}

static double last_sample(struct bench *b, int bit)
{
	struct uart *u = &b->uart;
	return u->rx_start + (double)(bit * u->rx_samples + u->rx_samples / 2 + 1) * u->rx_tick;
}

/* Looks for a start bit on the wire as far as it is known. */
void uart_hunt(struct bench *b, double from)
{
	struct uart *u = &b->uart;
	if (u->receiving || !u->simavr || !b->powered)
		return;
	if (!(*reg(b, u->simavr->r_ucsrb) & RXEN)) {
		u->not_enabled++;
		return;
	}
	for (;;) {
		double edge = wire_fall_after(&b->line.to_device, from);
		if (isinf(edge))
			return;
		u->rx_tick = tick(b);
		u->rx_samples = samples(b);
		u->rx_start = next_tick(edge, u->rx_tick);
		if (!majority(b, 0))
			break;
		from = last_sample(b, 0); /* a spike, no start bit */
	}
	u->receiving = true;
	if (u->held == 3) {
		u->held = 2;
		u->lost_before_next = true;
		u->overruns++;
	}
	event_set(b, EV_RX, (cycles)ceil(last_sample(b, 9)));
}

/* The flags of UCSRA belong to the byte that UDR holds. */
static void show_received(struct bench *b)
{
	struct uart *u = &b->uart;
	uint8_t *status = reg(b, u->simavr->r_ucsra);
	*status &= (uint8_t)~(RXC | FE | DOR);
	if (u->held) {
		*status |= RXC | u->fifo[0].flags;
		avr_raise_interrupt(b->avr, &u->simavr->rxc);
	} else {
		avr_clear_interrupt(b->avr, &u->simavr->rxc);
	}
}

void on_rx(struct bench *b, cycles when)
{
	struct uart *u = &b->uart;
	uint8_t byte = 0, flags = 0;
	(void)when;
	for (int bit = 0; bit < 8; bit++)
		byte |= (uint8_t)(majority(b, bit + 1) << bit);
	if (!majority(b, 9)) {
		flags |= FE;
		u->framing_errors++;
	}
	if (u->lost_before_next)
		flags |= DOR;
	u->lost_before_next = false;
	u->receiving = false;
	u->fifo[u->held].byte = byte;
	u->fifo[u->held].flags = flags;
	u->held++;
	show_received(b);
	uart_hunt(b, last_sample(b, 9));
}

static uint8_t read_udr(avr_t *avr, avr_io_addr_t address, void *parameter)
{
	struct bench *b = parameter;
	struct uart *u = &b->uart;
	uint8_t byte = u->fifo[0].byte;
	(void)avr, (void)address;
	if (u->held) {
		u->held--;
		u->fifo[0] = u->fifo[1];
		u->fifo[1] = u->fifo[2];
		avr_clear_interrupt(b->avr, &u->simavr->rxc);
		show_received(b);
	}
	return byte;
}

/* --- transmitter --- */

static void data_register_empty(struct bench *b)
{
	*reg(b, b->uart.simavr->r_ucsra) |= UDRE;
	avr_raise_interrupt(b->avr, &b->uart.simavr->udrc);
}

static void send(struct bench *b, double start, uint8_t byte)
{
	struct uart *u = &b->uart;
	double bit = (double)samples(b) * tick(b);
	u->tx_busy = true;
	u->tx_start = start;
	line_device_sends(b, start, bit, byte);
	event_set(b, EV_TX, (cycles)(start + 10 * bit));
}

void on_tx(struct bench *b, cycles when)
{
	struct uart *u = &b->uart;
	u->tx_busy = false;
	if (u->tx_full) {
		u->tx_full = false;
		send(b, (double)when, u->tx_hold);
		data_register_empty(b);
	} else {
		*reg(b, u->simavr->r_ucsra) |= TXC;
		avr_raise_interrupt(b->avr, &u->simavr->txc);
	}
}

static void write_udr(avr_t *avr, avr_io_addr_t address, uint8_t byte, void *parameter)
{
	struct bench *b = parameter;
	struct uart *u = &b->uart;
	(void)address;
	if (u->tx_full || !(avr->data[u->simavr->r_ucsrb] & TXEN))
		return;
	if (u->tx_busy) {
		u->tx_full = true;
		u->tx_hold = byte;
		*reg(b, u->simavr->r_ucsra) &= (uint8_t)~UDRE;
		avr_clear_interrupt(avr, &u->simavr->udrc);
		return;
	}
	send(b, next_tick((double)now(b) + 1, tick(b)), byte);
	avr_clear_interrupt(avr, &u->simavr->udrc);
	data_register_empty(b);
}

/* --- registers --- */

static void write_ucsra(avr_t *avr, avr_io_addr_t address, uint8_t value, void *parameter)
{
	struct bench *b = parameter;
	uint8_t kept = avr->data[address] & (uint8_t)~MPCM_U2X;
	if (value & TXC) {
		kept &= (uint8_t)~TXC;
		avr_clear_interrupt(avr, &b->uart.simavr->txc);
	}
	avr->data[address] = kept | (value & MPCM_U2X);
}

static void write_ucsrb(avr_t *avr, avr_io_addr_t address, uint8_t value, void *parameter)
{
	struct bench *b = parameter;
	struct uart *u = &b->uart;
	uint8_t before = avr->data[address];
	avr->data[address] = value;
	if (before & RXEN && !(value & RXEN)) {
		u->held = 0;
		u->receiving = false;
		event_cancel(b, EV_RX);
	}
	show_received(b);
	if (avr->data[u->simavr->r_ucsra] & UDRE)
		avr_raise_interrupt(avr, &u->simavr->udrc);
	if (!(before & RXEN) && value & RXEN)
		uart_hunt(b, (double)now(b));
}

/* Older parts have UCSRC and UBRRH at one address; URSEL says which is meant. */
static void write_shared(avr_t *avr, avr_io_addr_t address, uint8_t value, void *parameter)
{
	(void)parameter;
	if (!(value & URSEL))
		avr->data[address] = value;
}

void uart_reset(struct bench *b)
{
	struct uart *u = &b->uart;
	if (!u->simavr)
		return;
	line_device_resets(b);
	event_cancel(b, EV_RX);
	event_cancel(b, EV_TX);
	u->held = 0;
	u->receiving = u->tx_busy = u->tx_full = u->lost_before_next = false;
	*reg(b, u->simavr->r_ucsra) = UDRE;
	*reg(b, u->simavr->r_ucsrb) = 0; /* simavr leaves the transmitter on, for forgetful programs */
	*reg(b, u->simavr->r_ucsrc) = 0x06; /* 8N1 */
	/* The last one: where UCSRC has this address too, the baud rate generator must not take 8N1 for UBRRH. */
	*reg(b, u->simavr->ubrrh.reg) = 0;
}

void uart_init(struct bench *b)
{
	avr_uart_t *simavr = NULL;
	for (avr_io_t *io = b->avr->io_port; io; io = io->next)
		if (io->kind && io->kind[0] == 'u' && io->kind[1] == 'a' && ((avr_uart_t *)io)->name == '0')
			simavr = (avr_uart_t *)io;
	b->uart.simavr = simavr;
	if (!simavr)
		return;
	device_hook(b, simavr->r_udr, read_udr, write_udr);
	device_hook(b, simavr->r_ucsra, NULL, write_ucsra);
	device_hook(b, simavr->r_ucsrb, NULL, write_ucsrb);
	device_hook(b, simavr->r_ucsrc, NULL, NULL);
	device_hook(b, simavr->ubrrl.reg, NULL, NULL);
	device_hook(b, simavr->ubrrh.reg, NULL, simavr->ubrrh.reg == simavr->r_ucsrc ? write_shared : NULL);
}
