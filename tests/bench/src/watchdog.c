/* The watchdog by the data sheet's chapter System Control and Reset. */
#include "bench.h"

enum { WDE = 1 << 3, WDCE = 1 << 4, WDP3 = 1 << 5, WDIE = 1 << 6, WDIF = 1 << 7, WDP = 0x27, WDRF = 1 << 3 };

#define WATCHDOG_HZ 128000
#define CHANGE_CYCLES 4

static avr_io_addr_t control_address(struct bench *b)
{
	return (avr_io_addr_t)b->watchdog.simavr->wde.reg;
}

static uint8_t *control(struct bench *b)
{
	return &b->avr->data[control_address(b)];
}

/* WDRF sets WDE, but on older parts, which have no WDP3. */
static bool must_run(struct bench *b)
{
	uint16_t mcusr = b->avr->reset_flags.porf.reg;
	return mcusr && b->avr->data[mcusr] & WDRF && b->watchdog.simavr->wdp[3].reg;
}

static void restart(struct bench *b)
{
	uint8_t value = *control(b);
	if (!(value & (WDE | WDIE))) {
		event_cancel(b, EV_WATCHDOG);
		return;
	}
	unsigned power = (value & 7) | (value & WDP3 ? 8 : 0);
	double seconds = (double)(2048u << (power > 9 ? 9 : power)) / WATCHDOG_HZ;
	/* It counts from the end of a reset, not during the start-up time. */
	cycles from = now(b) < b->halt_until ? b->halt_until : now(b);
	event_set(b, EV_WATCHDOG, from + us_cycles(b, seconds * 1e6));
}

void watchdog_fed(struct bench *b)
{
	if (b->watchdog.simavr)
		restart(b);
}

void on_watchdog(struct bench *b, cycles when)
{
	uint8_t value = *control(b);
	(void)when;
	if (value & WDIE) {
		*control(b) |= WDIF;
		avr_raise_interrupt(b->avr, &b->watchdog.simavr->watchdog);
		if (value & WDE) /* interrupt first, system reset next time */
			*control(b) &= (uint8_t)~WDIE;
		restart(b);
		return;
	}
	b->watchdog.resets++;
	device_reset(b, WDRF);
}

static void write_control(avr_t *avr, avr_io_addr_t address, uint8_t value, void *parameter)
{
	struct bench *b = parameter;
	struct watchdog *w = &b->watchdog;
	uint8_t before = avr->data[address];
	bool open = now(b) <= w->change_until;
	uint8_t flag = value & WDIF ? 0 : before & WDIF;
	uint8_t locked = open ? value & (WDE | WDP) : (before & (WDE | WDP)) | (value & WDE);
	if (must_run(b))
		locked |= WDE; /* WDE cannot be cleared before WDRF */
	if (value & WDCE && value & WDE)
		w->change_until = now(b) + 1 + CHANGE_CYCLES;
	avr->data[address] = flag | (value & WDIE) | locked;
	if ((before ^ avr->data[address]) & (WDE | WDP | WDIE))
		restart(b);
}

/* WDRF keeps the watchdog on after a reset, at its shortest time. */
void watchdog_reset(struct bench *b)
{
	if (!b->watchdog.simavr)
		return;
	b->watchdog.change_until = 0;
	*control(b) = must_run(b) ? WDE : 0;
	restart(b);
}

void watchdog_init(struct bench *b)
{
	b->watchdog.simavr = device_module(b, "watchdog");
	if (b->watchdog.simavr)
		device_hook(b, control_address(b), NULL, write_control);
}
