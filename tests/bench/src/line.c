/* The serial line and the host's end of it.
 *
 * Both directions are waveforms: a frame puts ten levels on the wire at its sender's bit time, the
 * receiver samples them at its own. A wrong baud rate therefore garbles as it does on a desk. */
#include "bench.h"

#define FRAME_BITS 10
#define JUST_BEFORE 1e-3 /* of a bit; a fixed part of a cycle would be lost in a large number of them */
#define QUEUE_MASK (QUEUE_BYTES - 1)

/* --- waveform --- */

static struct frame *newest(struct wire *w, unsigned back)
{
	return &w->ring[(w->count - 1 - back) % WIRE_FRAMES];
}

static unsigned remembered(const struct wire *w)
{
	return w->count < WIRE_FRAMES ? w->count : WIRE_FRAMES;
}

int wire_level(const struct wire *w, double at)
{
	for (unsigned back = 0; back < remembered(w); back++) {
		const struct frame *f = newest((struct wire *)w, back);
		if (f->start > at)
			continue;
		double bit = (at - f->start) / f->bit;
		return bit < FRAME_BITS ? f->levels >> (int)bit & 1 : 1;
	}
	return 1;
}

/* The first falling edge at or after `from`, or infinity. */
double wire_fall_after(const struct wire *w, double from)
{
	double first = INFINITY;
	for (unsigned back = 0; back < remembered(w); back++) {
		const struct frame *f = newest((struct wire *)w, back);
		if (f->start + FRAME_BITS * f->bit < from)
			break;
		/* A frame that begins while the one before it holds the line low has no edge. */
		int before = wire_level(w, f->start - JUST_BEFORE * f->bit);
		for (int bit = 0; bit < FRAME_BITS; bit++) {
			int level = f->levels >> bit & 1;
			double edge = f->start + bit * f->bit;
			if (before && !level && edge >= from && edge < first)
				first = edge;
			before = level;
		}
	}
	return first;
}

static void put_frame(struct bench *b, struct wire *w, double start, double bit, uint8_t byte)
{
	uint16_t levels = (uint16_t)(byte << 1 | 0x200);
	if (b->opt.noise > 0 && chance(b) < b->opt.noise)
		levels ^= 2u << (int)(chance(b) * (FRAME_BITS - 1));
	w->ring[w->count++ % WIRE_FRAMES] = (struct frame){start, bit, levels};
}

/* --- host sends --- */

static double host_bit(const struct bench *b)
{
	return b->hz / b->line.baud;
}

static double usb_edge(const struct bench *b, double at)
{
	double frame = b->opt.usb_ms * 1e-3 * b->hz;
	return frame > 0 ? ceil(at / frame) * frame : at;
}

static void start_host_frame(struct bench *b, double start)
{
	struct line *l = &b->line;
	uint8_t byte = l->out.item[l->out.head++ & QUEUE_MASK].byte;
	l->sending = true;
	l->sending_byte = byte;
	l->sent_until = start + FRAME_BITS * host_bit(b);
	put_frame(b, &l->to_device, start, host_bit(b), byte);
	event_set(b, EV_HOST_TX, (cycles)ceil(l->sent_until));
	uart_hunt(b, start);
}

/* A frame has left the host, or the first byte of a queue may leave. */
void on_host_tx(struct bench *b, cycles when)
{
	struct line *l = &b->line;
	double free_at = (double)when;
	if (l->sending) {
		l->sending = false;
		free_at = l->sent_until;
		l->bytes_out++;
		trace(b, l->sent_until, '>', l->sending_byte);
	}
	if (l->out.head == l->out.tail)
		return;
	double ready = l->out.item[l->out.head & QUEUE_MASK].at;
	if (ready > (double)when)
		event_set(b, EV_HOST_TX, (cycles)ceil(ready));
	else
		start_host_frame(b, ready > free_at ? ready : free_at);
}

void line_write(struct bench *b, const uint8_t *bytes, unsigned count)
{
	struct queue *q = &b->line.out;
	double at = usb_edge(b, (double)now(b));
	if (count > QUEUE_BYTES - (q->tail - q->head))
		die("the host has more than %d unsent bytes", QUEUE_BYTES);
	for (unsigned i = 0; i < count; i++) {
		q->item[q->tail & QUEUE_MASK].at = at;
		q->item[q->tail++ & QUEUE_MASK].byte = bytes[i];
	}
	if (count && !b->line.sending)
		event_set(b, EV_HOST_TX, (cycles)ceil(q->item[q->head & QUEUE_MASK].at));
}

/* --- host receives: one sample in the middle of each bit --- */

static void host_hunt(struct bench *b, double from)
{
	struct line *l = &b->line;
	if (l->receiving)
		return;
	double edge = wire_fall_after(&l->to_host, from);
	if (isinf(edge))
		return;
	l->receiving = true;
	l->receive_start = edge;
	event_set(b, EV_HOST_RX, (cycles)ceil(edge + FRAME_BITS * host_bit(b)));
}

void on_host_rx(struct bench *b, cycles when)
{
	struct line *l = &b->line;
	uint8_t byte = 0;
	for (int bit = 0; bit < 8; bit++)
		byte |= (uint8_t)(wire_level(&l->to_host, l->receive_start + (bit + 1.5) * host_bit(b)) << bit);
	bool stop = wire_level(&l->to_host, l->receive_start + 9.5 * host_bit(b));
	l->receiving = false;
	l->framing_errors += !stop;
	l->bytes_in++;
	trace(b, l->receive_start + FRAME_BITS * host_bit(b), '<', byte);
	double visible = usb_edge(b, (double)when);
	if (l->open && l->in.tail - l->in.head < QUEUE_BYTES) {
		l->in.item[l->in.tail & QUEUE_MASK].at = visible;
		l->in.item[l->in.tail++ & QUEUE_MASK].byte = byte;
		if (l->in.tail - l->in.head == 1)
			event_set(b, EV_HOST_SEES, (cycles)ceil(visible));
	}
	host_hunt(b, l->receive_start + 9.5 * host_bit(b));
}

/* The host has a byte to read: whoever runs the device may want to know. */
void on_host_sees(struct bench *b, cycles when)
{
	(void)when;
	b->stop = true;
}

bool line_read(struct bench *b, uint8_t *byte, double *at)
{
	struct queue *q = &b->line.in;
	if (q->head == q->tail)
		return false;
	double visible = q->item[q->head & QUEUE_MASK].at;
	if (visible > (double)now(b)) {
		event_set(b, EV_HOST_SEES, (cycles)ceil(visible));
		return false;
	}
	*byte = q->item[q->head & QUEUE_MASK].byte;
	*at = visible;
	q->head++;
	return true;
}

void line_flush(struct bench *b)
{
	b->line.in.head = b->line.in.tail;
}

/* --- modem lines and the port --- */

/* Each time DTR becomes active, 100 nF pull RESET low for a moment. */
void line_dtr(struct bench *b, bool asserted)
{
	bool falls = asserted && !b->line.dtr;
	b->line.dtr = asserted;
	if (falls && b->opt.dtr_reset && b->powered)
		device_reset(b, 2);
}

void line_open(struct bench *b)
{
	trace(b, (double)now(b), 'O', 0);
	b->line.open = true;
	line_flush(b);
	line_dtr(b, true);
}

void line_close(struct bench *b)
{
	trace(b, (double)now(b), 'C', 0);
	b->line.open = false;
	line_flush(b);
	line_dtr(b, false);
}

/* --- the device's transmitter --- */

void line_device_sends(struct bench *b, double start, double bit, uint8_t byte)
{
	put_frame(b, &b->line.to_host, start, bit, byte);
	host_hunt(b, start);
}

/* The device lets go of its transmit pin, in the middle of a frame perhaps. */
void line_device_resets(struct bench *b)
{
	if (!b->line.to_host.count)
		return;
	struct frame *f = newest(&b->line.to_host, 0);
	for (int bit = 0; bit < FRAME_BITS; bit++)
		if (f->start + bit * f->bit >= (double)now(b))
			f->levels |= (uint16_t)(1u << bit);
}
