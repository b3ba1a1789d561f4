/* The chip behind the programmer: serial programming by the data sheet's chapter Memory
 * Programming (of the ATmega328P; the same instructions serve the ATmega2560 and ATtiny85).
 *
 * It is a chip that runs nothing: it can be programmed, and it keeps what it was given. */
#include "bench.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FLOATING 0xFF /* nobody drives MISO */

static const struct { const char *name; size_t at; int base; } settings[] = {
#define SETTING(name, base) {#name, offsetof(struct target, name), base}
	SETTING(signature, 16), SETTING(flash_size, 10), SETTING(page_size, 10), SETTING(eeprom_size, 10),
	SETTING(eepage_size, 10), SETTING(extended, 10), SETTING(lfuse, 16), SETTING(hfuse, 16),
	SETTING(efuse, 16), SETTING(lock, 16), SETTING(efuse_mask, 16), SETTING(lock_mask, 16),
	SETTING(eesave, 16), SETTING(rstdisbl, 16), SETTING(dwen, 16), SETTING(spien, 16),
	SETTING(flash_us, 10), SETTING(eeprom_us, 10), SETTING(fuse_us, 10), SETTING(erase_us, 10),
	SETTING(enable_us, 10), SETTING(hz, 10),
};

static void set(struct target *t, const char *pair)
{
	const char *equals = strchr(pair, '=');
	for (size_t i = 0; equals && i < sizeof settings / sizeof *settings; i++)
		if (strlen(settings[i].name) == (size_t)(equals - pair)
		    && !strncmp(settings[i].name, pair, (size_t)(equals - pair))) {
			unsigned value = (unsigned)strtoul(equals + 1, NULL, settings[i].base);
			memcpy((char *)t + settings[i].at, &value, sizeof value);
			return;
		}
	die("no such target setting: %s", pair);
}

static bool programmed(uint8_t fuses, unsigned mask)
{
	return mask && !(fuses & mask);
}

/* Fuses count from the next time that the part leaves reset; EESAVE at once. */
static void latch(struct target *t)
{
	t->latched_hfuse = (uint8_t)t->hfuse;
}

static void clear_eepage(struct target *t)
{
	memset(t->eeloaded, 0, t->eepage_size);
}

static void clear_page(struct target *t)
{
	memset(t->page, 0xFF, t->page_size);
	clear_eepage(t);
}

void target_init(struct bench *b, const char *text)
{
	struct target *t = &b->target;
	char *copy = strdup(text), *rest = copy, *pair;
	while ((pair = strtok_r(rest, ",", &rest)))
		set(t, pair);
	free(copy);
	if (!t->flash_size || !t->page_size || !t->eepage_size || !t->hz)
		die("the target's sizes and clock are missing");
	memset(t->row, 0xFF, sizeof t->row);
	for (int i = 0; b->opt.row && b->opt.row[2 * i] && i < (int)sizeof t->row; i++) {
		char digits[3] = {b->opt.row[2 * i], b->opt.row[2 * i + 1], 0};
		t->row[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	for (int i = 0; i < 3; i++)
		t->row[2 * i] = (uint8_t)(t->signature >> (16 - 8 * i));
	t->flash = read_image(b->opt.target_flash, t->flash_size);
	t->eeprom = read_image(b->opt.target_eeprom, t->eeprom_size);
	t->page = malloc(t->page_size);
	t->eepage = malloc(t->eepage_size);
	t->eeloaded = malloc(t->eepage_size * sizeof(bool));
	clear_page(t);
	latch(t);
}

void target_reset_pin(struct bench *b, bool low)
{
	struct target *t = &b->target;
	if (low == t->reset_low)
		return;
	t->reset_low = low;
	t->enabled = t->out_of_step = false;
	t->position = 0;
	t->address_ext = 0;
	t->reset_since = now(b);
	if (!low)
		latch(t);
	clear_page(t);
}

/* --- reads: what the fourth byte carries --- */

static uint32_t word_address(const struct target *t)
{
	uint32_t word = (uint32_t)(t->instruction[1] << 8 | t->instruction[2]);
	return (word | (t->extended ? (uint32_t)t->address_ext << 16 : 0)) * 2 & (t->flash_size - 1);
}

static uint32_t eeprom_address(const struct target *t)
{
	return (uint32_t)(t->instruction[1] << 8 | t->instruction[2]) & (t->eeprom_size - 1);
}

static uint8_t read_flash(const struct target *t, unsigned high)
{
	if ((t->lock & 3) == 0)
		return t->instruction[2]; /* verify is locked */
	return t->flash[word_address(t) + high];
}

static uint8_t read_out(const struct target *t, bool busy)
{
	uint8_t first = t->instruction[0], second = t->instruction[1];
	if (first == 0xF0 && second == 0x00)
		return busy ? 0xFF : 0xFE;
	if (busy && memchr("\x20\x28\xA0\x30\x38\x50\x58", first, 7))
		return 0xFF;
	switch (first) {
	case 0x20: return read_flash(t, 0);
	case 0x28: return read_flash(t, 1);
	case 0xA0: return (t->lock & 3) == 0 ? t->instruction[2] : t->eeprom[eeprom_address(t)];
	case 0x30: return t->row[t->instruction[2] * 2 % sizeof t->row];
	case 0x38: return t->row[(t->instruction[2] * 2 + 1) % sizeof t->row];
	case 0x50: return (uint8_t)(second & 8 ? t->efuse : t->lfuse);
	case 0x58: return (uint8_t)(second & 8 ? t->hfuse : t->lock);
	default: return t->instruction[2];
	}
}

/* --- writes: carried out with the last bit of the fourth byte --- */

static void busy_for(struct bench *b, unsigned us)
{
	b->target.busy_until = now(b) + us_cycles(b, us);
}

static void write_page(struct target *t)
{
	uint32_t start = word_address(t) & ~(t->page_size - 1);
	for (unsigned i = 0; i < t->page_size; i++)
		t->flash[start + i] &= t->page[i]; /* only an erase makes ones */
	clear_page(t);
}

static void write_eeprom_page(struct target *t)
{
	uint32_t start = eeprom_address(t) & ~(t->eepage_size - 1);
	for (unsigned i = 0; i < t->eepage_size; i++)
		if (t->eeloaded[i])
			t->eeprom[start + i] = t->eepage[i];
	clear_eepage(t);
}

static void chip_erase(struct target *t)
{
	memset(t->flash, 0xFF, t->flash_size);
	if (!programmed((uint8_t)t->hfuse, t->eesave))
		memset(t->eeprom, 0xFF, t->eeprom_size);
	t->lock = 0xFF;
	clear_page(t);
}

static bool write_fuse(struct target *t, uint8_t value)
{
	switch (t->instruction[1]) {
	case 0xA0: t->lfuse = value; return true;
	case 0xA8: t->hfuse = (value & ~t->spien) | (t->hfuse & t->spien); return true;
	case 0xA4: t->efuse = (value | ~t->efuse_mask) & 0xFF; return true;
	default: return false;
	}
}

/* Returns how long the part is busy afterwards in µs. */
static unsigned carry_out(struct target *t)
{
	const uint8_t *i = t->instruction;
	bool locked = (t->lock & 3) != 3;
	switch (i[0]) {
	case 0x40: case 0x48:
		t->page[(i[2] * 2u + (i[0] == 0x48)) & (t->page_size - 1)] = i[3];
		return 0;
	case 0x4D:
		t->address_ext = i[2];
		return 0;
	case 0xC1:
		t->eepage[i[2] & (t->eepage_size - 1)] = i[3];
		t->eeloaded[i[2] & (t->eepage_size - 1)] = true;
		return 0;
	case 0x4C: case 0xC0: case 0xC2:
		if (locked) {
			i[0] == 0x4C ? clear_page(t) : clear_eepage(t);
			t->locked_out++;
			return 0;
		}
		if (i[0] == 0x4C)
			return write_page(t), t->flash_us;
		if (i[0] == 0xC2)
			return write_eeprom_page(t), t->eeprom_us;
		t->eeprom[eeprom_address(t)] = i[3];
		clear_eepage(t);
		return t->eeprom_us;
	case 0xAC:
		if ((i[1] & 0xE0) == 0x80)
			return chip_erase(t), t->erase_us;
		if (i[1] == 0xE0 && (t->lock & 3) == 0)
			return t->locked_out++, 0;
		if (i[1] == 0xE0) {
			t->lock &= i[3] | (~t->lock_mask & 0xFF);
			return t->fuse_us;
		}
		if (locked)
			return t->locked_out++, 0;
		return write_fuse(t, i[3]) ? t->fuse_us : 0;
	default:
		return 0;
	}
}

/* --- the wire --- */

static bool listens(struct bench *b, double sck_hz)
{
	struct target *t = &b->target;
	if (!t->reset_low || programmed(t->latched_hfuse, t->rstdisbl) || programmed(t->latched_hfuse, t->dwen))
		return false;
	/* SCK needs more than 2 CPU clocks low and high, more than 3 from 12 MHz on. */
	if (sck_hz >= t->hz / (t->hz < 12000000 ? 4.0 : 6.0)) {
		t->too_fast++;
		t->out_of_step = true;
	}
	return !t->out_of_step;
}

static uint8_t answer(struct bench *b, uint8_t mosi)
{
	struct target *t = &b->target;
	uint8_t before = t->position ? t->instruction[t->position - 1] : 0;
	t->instruction[t->position] = mosi;
	if (t->position < 3) {
		t->position++;
		return before;
	}
	t->position = 0;
	t->instructions++;
	bool busy = now(b) < t->busy_until, reads_busy = t->instruction[0] == 0xF0;
	uint8_t out = read_out(t, busy);
	if (busy) {
		t->while_busy += !reads_busy;
		return out;
	}
	unsigned us = carry_out(t);
	if (us)
		busy_for(b, us);
	return out;
}

/* Programming Enable is the only instruction until it was accepted; its 0x53 comes back with the
 * third byte if and only if the part is in step and has had its 20 ms of reset. */
static uint8_t enable(struct bench *b, uint8_t mosi)
{
	struct target *t = &b->target;
	static const uint8_t wanted[] = {0xAC, 0x53};
	bool early = now(b) < t->reset_since + us_cycles(b, t->enable_us);
	if (early || (t->position < 2 && mosi != wanted[t->position])) {
		t->out_of_step = true;
		return FLOATING;
	}
	if (t->position == 3) {
		t->position = 0;
		t->enabled = true;
		return 0;
	}
	t->instruction[t->position++] = mosi;
	return t->position == 3 ? 0x53 : t->position == 2 ? 0xAC : 0;
}

uint8_t target_exchange(struct bench *b, uint8_t mosi, double sck_hz)
{
	if (!listens(b, sck_hz))
		return FLOATING;
	return b->target.enabled ? answer(b, mosi) : enable(b, mosi);
}
