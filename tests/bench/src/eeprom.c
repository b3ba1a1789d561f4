/* The device's EEPROM by the data sheet's chapter AVR Memories. */
#include "bench.h"

enum { EERE = 1, EEPE = 2, EEMPE = 4, EERIE = 8, EEPM = 0x30 };
enum { ERASE_AND_WRITE = 0x00, ERASE_ONLY = 0x10, WRITE_ONLY = 0x20 };

#define MASTER_CYCLES 4 /* EEPE must follow EEMPE within four cycles */
#define READ_HALT 4
#define WRITE_HALT 2

static uint8_t *control(struct bench *b)
{
	return &b->avr->data[b->eeprom.simavr->r_eecr];
}

static uint16_t address(struct bench *b)
{
	const avr_eeprom_t *e = b->eeprom.simavr;
	uint8_t high = e->r_eearh ? b->avr->data[e->r_eearh] : 0;
	return (uint16_t)((high << 8 | b->avr->data[e->r_eearl]) & b->avr->e2end);
}

static void change(struct bench *b, bool cut)
{
	struct eeprom *e = &b->eeprom;
	uint8_t *byte = &e->data[e->address];
	uint8_t after = e->mode == ERASE_ONLY ? 0xFF : e->mode == WRITE_ONLY ? *byte & e->value : e->value;
	uint8_t done = cut ? (uint8_t)(chance(b) * 256) : 0xFF;
	*byte = (uint8_t)((after & done) | (*byte & ~done));
}

static void begin(struct bench *b)
{
	struct eeprom *e = &b->eeprom;
	double us = b->opt.eeprom_us;
	e->busy = true;
	e->address = address(b);
	e->value = b->avr->data[e->simavr->r_eedr];
	e->mode = *control(b) & EEPM;
	if (e->mode != ERASE_AND_WRITE)
		us *= 1.8 / 3.4; /* EEPM: 3.4 ms for both, 1.8 ms for either */
	event_set(b, EV_EEPROM, now(b) + us_cycles(b, us));
	device_halt(b, now(b) + 1 + WRITE_HALT);
}

void on_eeprom(struct bench *b, cycles when)
{
	(void)when;
	change(b, false);
	b->eeprom.busy = false;
	b->eeprom.writes++;
	*control(b) &= (uint8_t)~EEPE;
	avr_raise_interrupt(b->avr, &b->eeprom.simavr->ready);
}

void on_eeprom_window(struct bench *b, cycles when)
{
	(void)when;
	*control(b) &= (uint8_t)~EEMPE;
}

static void write_control(avr_t *avr, avr_io_addr_t where, uint8_t value, void *parameter)
{
	struct bench *b = parameter;
	struct eeprom *e = &b->eeprom;
	uint8_t before = avr->data[where];
	uint8_t mode = e->busy ? before & EEPM : value & EEPM;
	avr->data[where] = (before & (EEMPE | EEPE)) | mode | (value & EERIE);
	/* EEMPE alone opens the window; it does not if EEPE comes with it. */
	if (value & EEPE && before & EEMPE && !e->busy && !b->spm.operation) {
		avr->data[where] = (avr->data[where] | EEPE) & (uint8_t)~EEMPE;
		event_cancel(b, EV_EEPROM_WINDOW);
		begin(b);
		return;
	}
	if (value & EEMPE && !(value & EEPE)) {
		avr->data[where] |= EEMPE;
		event_set(b, EV_EEPROM_WINDOW, now(b) + 2 + MASTER_CYCLES);
	}
	if (value & EERE && !e->busy) {
		avr->data[e->simavr->r_eedr] = e->data[address(b)];
		device_halt(b, now(b) + 1 + READ_HALT);
	}
	if (value & EERIE && !e->busy)
		avr_raise_interrupt(avr, &e->simavr->ready);
}

/* Without power the byte under work is neither here nor there. */
void eeprom_power_cut(struct bench *b)
{
	if (b->eeprom.busy)
		change(b, true);
	b->eeprom.busy = false;
}

/* A write that has begun runs to its end, reset or not. */
void eeprom_reset(struct bench *b)
{
	if (b->eeprom.busy)
		change(b, false);
	b->eeprom.busy = false;
	event_cancel(b, EV_EEPROM);
	event_cancel(b, EV_EEPROM_WINDOW);
}

void eeprom_init(struct bench *b)
{
	struct eeprom *e = &b->eeprom;
	e->simavr = device_module(b, "eeprom");
	e->data = read_image(b->opt.eeprom, b->avr->e2end + 1);
	if (!e->simavr)
		return;
	device_hook(b, e->simavr->r_eecr, NULL, write_control);
	device_hook(b, e->simavr->r_eedr, NULL, NULL);
	device_hook(b, e->simavr->r_eearl, NULL, NULL);
	if (e->simavr->r_eearh)
		device_hook(b, e->simavr->r_eearh, NULL, NULL);
}
