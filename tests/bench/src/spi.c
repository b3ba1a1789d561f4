/* The device's SPI as master: a byte takes eight periods of SCK, SPIF needs its two-step clear. */
#include "bench.h"

enum { SPIF = 1 << 7, WCOL = 1 << 6, SPI2X = 1, SPE = 1 << 6, MSTR = 1 << 4 };

static unsigned divider(struct bench *b)
{
	static const unsigned by_spr[] = {4, 16, 64, 128};
	avr_spi_t *s = b->spi.simavr;
	unsigned slow = by_spr[b->avr->data[s->r_spcr] & 3];
	return b->avr->data[s->r_spsr] & SPI2X ? slow / 2 : slow;
}

void on_spi(struct bench *b, cycles when)
{
	struct spi *s = &b->spi;
	(void)when;
	s->busy = false;
	s->bytes++;
	s->in = target_exchange(b, s->out, b->hz / divider(b));
	s->flag_seen = false;
	b->avr->data[s->simavr->r_spsr] |= SPIF;
	avr_raise_interrupt(b->avr, &s->simavr->spi);
}

static void access_data(struct bench *b)
{
	struct spi *s = &b->spi;
	if (!s->flag_seen)
		return;
	s->flag_seen = false;
	b->avr->data[s->simavr->r_spsr] &= (uint8_t)~(SPIF | WCOL);
	avr_clear_interrupt(b->avr, &s->simavr->spi);
}

static uint8_t read_spdr(avr_t *avr, avr_io_addr_t address, void *parameter)
{
	struct bench *b = parameter;
	(void)avr, (void)address;
	access_data(b);
	return b->spi.in;
}

static void write_spdr(avr_t *avr, avr_io_addr_t address, uint8_t value, void *parameter)
{
	struct bench *b = parameter;
	struct spi *s = &b->spi;
	uint8_t control = avr->data[s->simavr->r_spcr];
	(void)address;
	access_data(b);
	if (s->busy) {
		s->collisions++;
		avr->data[s->simavr->r_spsr] |= WCOL;
		return;
	}
	if (!(control & SPE) || !(control & MSTR))
		return;
	s->busy = true;
	s->out = value;
	event_set(b, EV_SPI, now(b) + 8 * divider(b));
}

static uint8_t read_spsr(avr_t *avr, avr_io_addr_t address, void *parameter)
{
	struct bench *b = parameter;
	b->spi.flag_seen = avr->data[address] & SPIF;
	return avr->data[address];
}

static void write_spsr(avr_t *avr, avr_io_addr_t address, uint8_t value, void *parameter)
{
	(void)parameter;
	avr->data[address] = (avr->data[address] & (uint8_t)~SPI2X) | (value & SPI2X);
}

/* --- the pin that holds the target in reset --- */

struct pin { avr_ioport_t *port; int bit; avr_io_write_t write_port, write_ddr; void *parameter; };
static struct pin reset_pin;

static void pin_changed(struct bench *b)
{
	uint8_t bit = (uint8_t)(1 << reset_pin.bit);
	bool output = b->avr->data[reset_pin.port->r_ddr] & bit;
	bool high = b->avr->data[reset_pin.port->r_port] & bit;
	target_reset_pin(b, output && !high); /* the target's own pull-up holds a floating pin high */
}

static void write_port(avr_t *avr, avr_io_addr_t address, uint8_t value, void *parameter)
{
	reset_pin.write_port(avr, address, value, reset_pin.parameter);
	pin_changed(parameter);
}

static void write_ddr(avr_t *avr, avr_io_addr_t address, uint8_t value, void *parameter)
{
	reset_pin.write_ddr(avr, address, value, reset_pin.parameter);
	pin_changed(parameter);
}

static void hook_reset_pin(struct bench *b)
{
	for (avr_io_t *io = b->avr->io_port; io; io = io->next)
		if (io->kind[0] == 'p' && ((avr_ioport_t *)io)->name == b->opt.reset_pin[0])
			reset_pin.port = (avr_ioport_t *)io;
	if (!reset_pin.port)
		die("%s has no port %c", b->opt.mcu, b->opt.reset_pin[0]);
	reset_pin.bit = b->opt.reset_pin[1] - '0';
	avr_io_addr_t port = reset_pin.port->r_port, ddr = reset_pin.port->r_ddr;
	reset_pin.write_port = b->avr->io[AVR_DATA_TO_IO(port)].w.c;
	reset_pin.write_ddr = b->avr->io[AVR_DATA_TO_IO(ddr)].w.c;
	reset_pin.parameter = b->avr->io[AVR_DATA_TO_IO(port)].w.param;
	b->avr->io[AVR_DATA_TO_IO(port)].w.c = write_port;
	b->avr->io[AVR_DATA_TO_IO(port)].w.param = b;
	b->avr->io[AVR_DATA_TO_IO(ddr)].w.c = write_ddr;
	b->avr->io[AVR_DATA_TO_IO(ddr)].w.param = b;
}

void spi_reset(struct bench *b)
{
	b->spi.busy = b->spi.flag_seen = false;
	event_cancel(b, EV_SPI);
}

void spi_init(struct bench *b)
{
	avr_spi_t *simavr = b->spi.simavr = device_module(b, "spi");
	if (!simavr)
		return;
	device_hook(b, simavr->r_spdr, read_spdr, write_spdr);
	device_hook(b, simavr->r_spsr, read_spsr, write_spsr);
	device_hook(b, simavr->r_spcr, NULL, NULL);
	hook_reset_pin(b);
}
