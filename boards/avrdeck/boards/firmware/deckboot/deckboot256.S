; deckboot in 256 bytes: flash, the signature and its row, fuses and lock bits; no EEPROM. README.md
; says what else it gives up for its size.
;
; A command ends with an EOP and silence, so nobody counts its arguments: all bytes go into a ring of
; 256, from which the first four are taken.
;
; r16         the byte that came or goes            r14:r15  address in bytes
; r17         scratch                               X        in the ring, 0x0100 to 0x01FF
; r18         time left, in silences                Y        the USART
; r20         what LPM reads, see `send`            Z        address in flash
; r21 to r24  opcode and three arguments            T        a host has spoken
; r24:r25     silence left, in turns

#define __SFR_OFFSET 0
#include <avr/io.h>
#include "part.h"
#include "stk500.h"

.section .text

; Only an external reset means the loader; for any other, nothing but r16 has been touched.
; MCUSR is never written: the application is to see it as the hardware set it.
.global start
start:
        in      r16, MCUSR
        sbrs    r16, EXTRF
        rjmp    application
        ldi     YL, lo8(USART)
        ldi     YH, hi8(USART)
.global patch_divisor
patch_divisor:
        ldi     r17, DIVISOR
        put     _UBRRL, r17
        ldi     r17, 1 << _U2X
        put     _UCSRA, r17
        ldi     r17, (1 << _RXEN) | (1 << _TXEN)
        put     _UCSRB, r17
.global patch_timeout
patch_timeout:
        ldi     r18, TIMEOUT
        rjmp    main

; --- commands with more to do ---------------------------------------------------------------------

load_address:
        movw    r14, r22
        lsl     r14
        rol     r15
        rjmp    ok

get_parameter:
        ldi     r23, 1
        mov     ZL, r22
        ori     ZL, lo8(TRAILER)
        ldi     ZH, hi8(TRAILER)
        rjmp    send

; --- any command ----------------------------------------------------------------------------------

command:
        ldi     XL, 0
        ld      r21, X+
        ld      r22, X+
        ld      r23, X+
        ld      r24, X+
        brts    1f
        cpi     r21, GET_SYNC
        brne    quit
        set
1:      ldi     r16, INSYNC
        rcall   transmit
        cpi     r21, LOAD_ADDRESS
        breq    load_address
        movw    ZL, r14
        cpi     r21, PROG_PAGE
        breq    page
        cpi     r21, READ_PAGE
        breq    page
        cpi     r21, GET_PARAMETER
        breq    get_parameter
; UNIVERSAL 30 and 38 differ in bit 3, which goes to carry; so do 50 and 58. What is left in r22 tells
; the pairs apart.
        swap    r22
        lsl     r22
        mov     ZL, r24
        rol     ZL
        sbrc    r23, 3
        ori     ZL, 2
        ldi     r23, 1
        ldi     ZH, 0
        ldi     r20, (1 << SIGRD) | (1 << SPM_ENABLE)
        sbrc    r22, 3
        ldi     r20, (1 << BLBSET) | (1 << SPM_ENABLE)
        cpi     r21, UNIVERSAL
        breq    send
        cpi     r21, READ_SIGN
        brne    ok
        ldi     ZL, 0
        ldi     r23, 3
; r23 bytes (0 is 256) from Z of what LPM reads with SPMCSR = r20 in the three cycles before it: flash
; (0), fuses and lock bits, or every second byte of the signature row.
send:
        out     _SPMCSR, r20
        lpm     r16, Z+
        sbrc    r20, 5
        adiw    ZL, 1
        rcall   transmit
        dec     r23
        brne    send
ok:
        ldi     r16, OK
reply:
        rcall   transmit
        cpi     r21, LEAVE_PROGMODE
        breq    quit

; --- the line ------------------------------------------------------------------------------------

main:
        ldi     r20, 0
        ldi     XL, 0
.global patch_silence
patch_silence:
silence:
        ldi     r25, SILENCE
; Nine cycles a turn.
1:      wdr
        get     r17, _UCSRA
        sbrc    r17, _RXC
        rjmp    byte
        sbiw    r24, 1
        brcc    1b
        cpi     r16, EOP
        breq    command
        brts    silence
        dec     r18
        brne    silence
; All registers as reset left them. YH is 0.
quit:
        put     _UCSRB, YH
        put     _UCSRA, YH
        put     _UBRRL, YH
        out     SREG, YH
application:
        rjmp    reset_vector
byte:
        get     r16, _UDR
        ldi     XH, 1
        st      X+, r16
        rjmp    silence

; --- pages ----------------------------------------------------------------------------------------

; Flash, or r16 again, which is INSYNC and no OK. A whole page comes from the ring.
page:
        cpi     r24, 'F'
        brne    reply
        sbrc    r21, 4
        rjmp    send
        cpi     ZH, hi8(BOOT_START)
        brsh    reply
1:      ld      r0, X+
        ld      r1, X+
        ldi     r17, 1 << SPM_ENABLE
        rcall   spm
        adiw    ZL, 2
        cpi     XL, 4 + PAGE
        brne    1b
        movw    ZL, r14
        ldi     r17, (1 << PGERS) | (1 << SPM_ENABLE)
        rcall   spm
        ldi     r17, (1 << PGWRT) | (1 << SPM_ENABLE)
        rcall   spm
        ldi     r17, (1 << RWWSRE) | (1 << SPM_ENABLE)
        rcall   spm
        rjmp    ok

spm:
        out     _SPMCSR, r17
        spm
1:      in      r17, _SPMCSR
        sbrc    r17, SPM_ENABLE
        rjmp    1b
        ret

; Returns when the stop bit has gone. What UCSRA said goes back: that clears TXC and keeps U2X.
transmit:
        put     _UDR, r16
1:      get     r17, _UCSRA
        sbrs    r17, _TXC
        rjmp    1b
        put     _UCSRA, r17
        ret

; --- what GET_PARAMETER tells, by the last two bits -----------------------------------------------

.section .trailer, "a"
        .byte   0xDB, VERSION_MAJOR, VERSION_MINOR, FEATURES
