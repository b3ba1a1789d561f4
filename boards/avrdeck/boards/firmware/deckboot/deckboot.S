; deckboot: an STK500v1 bootloader that can say who the chip is. README.md explains it.
;
; A command is: opcode, arguments, EOP, work, reply. The host waits for each reply, so there is one
; command under way at a time, and nothing needs an interrupt.
;
; r16         the byte that came or goes            r13:r15  address in bytes, r14 its low byte
; r17         scratch                               X        where the next arguments go, see `fetch`
; r18         time left, in units of 65536 turns    Y        the USART, where IN and OUT do not reach it
; r19         scratch, once a host has spoken       Z        address in the memory at work
; r20 to r23  a command's last arguments            T        a host has spoken
; r24:r25     turns left; behind the EOP r24 is what LPM reads, see `send`, and r25 the opcode, if there
;             were no arguments

#define __SFR_OFFSET 0
#include <avr/io.h>
#include "part.h"
#include "stk500.h"

; What `header` makes of 'F'. Of 'E' it makes 0; more is no memory.
#define FLASH           1
; The last argument is in r23. The data of PROG_PAGE end at 0x0218 or, across 0x0300, at 0x0318.
#define ARGUMENTS_END   24
#define BUFFER_PAGE     2
; Behind the fourth byte of a whole page. If a wrong bit made PROG_PAGE of READ_PAGE, there are only three:
; its EOP and the two that a host may send ahead.
#define FOURTH_BYTE     lo8(ARGUMENTS_END - PAGE + 4)

.section .text

; --- reset ---------------------------------------------------------------------------------------

; Only an external reset means the loader; for any other, nothing but r16 has been touched.
; MCUSR is never written: the application is to see it as the hardware set it.
.global start
start:
        in      r16, MCUSR
        sbrs    r16, EXTRF
        rjmp    application
#if STACK_UNSET
        ldi     r17, hi8(RAMEND)
        out     SPH, r17
#endif
#if USART_BY_Y
        ldi     YL, lo8(USART)
        ldi     YH, hi8(USART)
#endif
#if WAIT
; The loader's return addresses have a high byte that no call in an application has. It stands at
; the foot of the stack while the loader waits, and a reset leaves RAM alone: this is the second.
        lds     r17, RAMEND - 1
        cpi     r17, hi8(pm(start))
        brne    1f
        rjmp    quit
1:
; With one of these, EXTRF may tell of an earlier reset, and the time is limited.
        mov     r19, r16
        andi    r19, (1 << WDRF) | (1 << BORF)
#endif
.global patch_divisor
patch_divisor:
        ldi     r17, DIVISOR
        put     _UBRRL, r17
        ldi     r17, 1 << _U2X
        put     _UCSRA, r17
        ldi     r17, (1 << _RXEN) | (1 << _TXEN)
        put     _UCSRB, r17
.global patch_led_on
patch_led_on:
        sbi     LED_DDR, LED_BIT
        sbi     LED_PORT, LED_BIT
        clt
.global patch_timeout
patch_timeout:
        ldi     r18, TIMEOUT
        rjmp    main

; --- self-programming ----------------------------------------------------------------------------

; The CPU stands still while the NRWW section changes; the RWW section changes on its own, and r20 tells
; of it.
erase_early:
        cpi     r23, FLASH
        brne    done
        below   NRWW_START
        brcc    done
        inc     r20
erase:
        ldi     r17, (1 << PGERS) | (1 << SPM_ENABLE)
; Does nothing in the boot section, and clears carry to say so.
spm_below_loader:
        below   BOOT_START
        brcc    done
; A host that sends no LOAD_ADDRESS between two pages waits here: it loses bytes, not a page.
spm:
        in      r19, _SPMCSR
        sbrc    r19, SPM_ENABLE
        rjmp    spm
        out     _SPMCSR, r17
        spm
done:
        ret

; --- the line ------------------------------------------------------------------------------------

; X is the data space address of a register: a command's arguments land with the last one in r23,
; however many there are. The twenty of SET_DEVICE reach down to r4; they come before the address.
; Data go to RAM by the same way.
fetch:
        rcall   receive
        st      X+, r16
        cpi     XL, FOURTH_BYTE
        brne    1f
        rcall   erase_early
1:      cpi     XL, ARGUMENTS_END
        brne    fetch
        ret

arguments:
        rcall   fetch
eop:
        rcall   receive
        ldi     r24, 0
        ldi     r25, 0
        cpi     r16, EOP
        brne    nosync
        set
; No command begins while a page is being changed, nor with the RWW section unreadable.
        ldi     r17, (1 << RWWSRE) | (1 << SPM_ENABLE)
        rcall   spm
        ldi     r16, INSYNC
; Returns when the byte has begun to leave, so that the next one can follow without a gap.
transmit:
        put     _UDR, r16
1:      wdr
        get     r17, _UCSRA
        sbrs    r17, _UDRE
        rjmp    1b
        ret

; Ten cycles a turn, nine where IN reaches the USART. A host that has spoken has PAUSE for every byte.
receive:
        brtc    1f
.global patch_pause
patch_pause:
        ldi     r18, PAUSE
1:      wdr
        sbiw    r24, 1
        sbci    r18, 0
        brcs    pause
        get     r17, _UCSRA
        sbrs    r17, _RXC
        rjmp    1b
        get     r16, _UDR
        ret

; Between two commands a host may think; of one that is not whole nothing is kept.
pause:
#if WAIT
        tst     r19
        breq    1f
#endif
        brtc    quit
1:      rjmp    main

nosync:
        brtc    quit
        ldi     r16, NOSYNC
        rjmp    reply

; --- PROG_PAGE -----------------------------------------------------------------------------------

prog_eeprom:
        out     EEARL, ZL
        out     EEARH, ZH
        ld      r16, X+
        out     EEDR, r16
        sbi     EECR, EEPROM_MASTER
        sbi     EECR, EEPROM_WRITE
1:      wdr
        sbic    EECR, EEPROM_WRITE
        rjmp    1b
        adiw    ZL, 1
        dec     r22
        brne    prog_eeprom
        rjmp    ok

; Size, letter and address of PROG_PAGE and READ_PAGE.
header:
        ldi     XL, ARGUMENTS_END - 3
        rcall   fetch
        subi    r23, 'E'
        movw    ZL, r14
        set_rampz
        ret

; A whole page of the RWW section is erased while its bytes arrive, see `fetch`, and written while the
; reply and the next command travel. Any other is erased when all of it and the EOP are there.
prog_page:
        rcall   header
        ldi     r20, 0
        ldi     XH, BUFFER_PAGE
        sub     XL, r22
        movw    r10, XL
        rcall   arguments
        movw    XL, r10
        cpi     r23, FLASH
        brlo    prog_eeprom
        brne    failed
        sbrs    r20, 0
        rcall   erase
        dec     r22
1:      ld      r0, X+
        ld      r1, X+
        ldi     r17, 1 << SPM_ENABLE
        rcall   spm
        adiw    ZL, 2
        subi    r22, 2
        brcc    1b
        movw    ZL, r14
        ldi     r17, (1 << PGWRT) | (1 << SPM_ENABLE)
        rcall   spm_below_loader
        brcs    ok
failed:
        ldi     r16, FAILED
        rjmp    reply

; --- to the application --------------------------------------------------------------------------

; OK has begun to leave, and the baud rate generator must not stop before its stop bit has gone. What
; UCSRA said goes back, here from `transmit`: that clears TXC and keeps U2X.
leave:
        put     _UCSRA, r17
1:      get     r17, _UCSRA
        sbrs    r17, _TXC
        rjmp    1b
        put     _UCSRA, r17
; All registers as reset left them.
quit:
        ldi     r17, 0
        put     _UCSRB, r17
        put     _UCSRA, r17
        put     _UBRRL, r17
        out     EEDR, r17
.global patch_led_off
patch_led_off:
        cbi     LED_PORT, LED_BIT
        cbi     LED_DDR, LED_BIT
#if BIG
        out     RAMPZ, r17
#endif
#if WAIT
        sts     RAMEND - 1, r17
#endif
        out     SREG, r17
#if STACK_UNSET
        out     SPH, r17
#else
        ldi     r17, lo8(RAMEND)
#endif
        out     SPL, r17
application:
        go      reset_vector

; --- commands ------------------------------------------------------------------------------------

ignore:
        rcall   arguments
ok:
        ldi     r16, OK
reply:
        rcall   transmit
        cpi     r25, LEAVE_PROGMODE
        breq    leave
main:
        ldi     XH, 0
        ldi     r17, lo8(RAMEND)
        out     SPL, r17
        rcall   receive
        brts    1f
        cpi     r16, GET_SYNC
        brne    quit
1:      cpi     r16, PROG_PAGE
        breq    prog_page
; Without this a host that repeats GET_SYNC could be one byte off for ever.
        cpi     r16, EOP
        breq    main
        cpi     r16, LOAD_ADDRESS
        breq    load_address
        cpi     r16, READ_PAGE
        breq    read_page
        cpi     r16, GET_PARAMETER
        breq    get_parameter
        cpi     r16, READ_SIGN
        breq    read_sign
        cpi     r16, UNIVERSAL
        breq    universal
        ldi     XL, ARGUMENTS_END - 20
        cpi     r16, SET_DEVICE
        breq    ignore
        ldi     XL, ARGUMENTS_END - 5
        cpi     r16, SET_DEVICE_EXT
        breq    ignore
        mov     r20, r16
        rcall   eop
        mov     r25, r20
        andi    r20, 0xFF - (GET_SYNC ^ GET_SIGN_ON)
        cpi     r20, GET_SYNC
        breq    ok
        cpi     r20, ENTER_PROGMODE & LEAVE_PROGMODE
        breq    ok
        ldi     r16, UNKNOWN
        rjmp    reply

; The host counts words, of EEPROM too.
load_address:
        ldi     XL, ARGUMENTS_END - 2
        rcall   arguments
        movw    r14, r22
        lsl     r14
        rol     r15
#if BIG
        clr     r13
        rol     r13
#endif
        rjmp    ok

read_page:
        rcall   header
        rcall   eop
        cpi     r23, FLASH + 1
        brlo    send
        rjmp    failed

; The last eight bytes of the section: identity, version, features, serial number.
get_parameter:
        ldi     XL, ARGUMENTS_END - 1
        rcall   arguments
        mov     ZL, r23
        ori     ZL, lo8(TRAILER)
        ldi     ZH, hi8(TRAILER)
#if BIG
        ldi     r17, hh8(TRAILER)
        out     RAMPZ, r17
#endif
        rjmp    send_one

read_sign:
        rcall   eop
#if SIGNATURE_BY_LPM
        ldi     ZL, 0
        ldi     ZH, 0
        ldi     r24, (1 << SIGRD) | (1 << SPM_ENABLE)
#else
        ldi     ZL, lo8(signature)
        ldi     ZH, hi8(signature)
#endif
        ldi     r22, 3
        rjmp    send_flash

; Byte A of the signature row is 30 (A even) or 38 (odd), 00, A/2, 00. The Z of fuses and lock bits
; is in two bits of their instruction: 50 00, 58 00, 50 08, 58 08 are 0 to 3. Bit 3 goes to carry.
universal:
        ldi     XL, ARGUMENTS_END - 4
        rcall   arguments
        swap    r20
        lsl     r20
        mov     ZL, r22
        rol     ZL
        ldi     ZH, 0
        cpi     r20, (0x3 << 1)
        breq    row
        cpi     r20, (0x5 << 1)
        breq    fuse
zero:
        ldi     r16, 0
        rcall   transmit
        rjmp    ok
fuse:
        andi    ZL, 1
        sbrc    r21, 3
        ori     ZL, 2
        ldi     r24, (1 << BLBSET) | (1 << SPM_ENABLE)
#if SIGNATURE_BY_LPM
        rjmp    send_one
row:
        ldi     r24, (1 << SIGRD) | (1 << SPM_ENABLE)
#else
        rjmp    send_one
; No LPM reads this part's row: of it, only the signature is known.
row:
        lsr     ZL
        brcs    zero
        cpi     ZL, 3
        brsh    zero
        subi    ZL, lo8(-(signature))
        ldi     ZH, hi8(signature)
#endif

; r22 bytes (0 is 256) from Z: of EEPROM, or of what LPM reads with SPMCSR = r24 in the three cycles
; before it: flash (0), fuses and lock bits, or every second byte of the signature row.
send_one:
        ldi     r22, 1
send_flash:
        ldi     r23, FLASH
send:
        out     EEARL, ZL
        out     EEARH, ZH
        sbi     EECR, EERE
        in      r16, EEDR
        out     _SPMCSR, r24
#if BIG
        lpm     r18, Z
        sbrs    r24, SPM_ENABLE
        elpm    r18, Z
        sbrc    r23, 0
        mov     r16, r18
#else
        sbrc    r23, 0
        lpm     r16, Z
#endif
        adiw    ZL, 1
        sbrc    r24, 5
        adiw    ZL, 1
        rcall   transmit
        dec     r22
        brne    send
        rjmp    ok

#if !SIGNATURE_BY_LPM
signature:
        .byte   DECKBOOT_SIGNATURE_0, DECKBOOT_SIGNATURE_1, DECKBOOT_SIGNATURE_2, 0
#endif

; --- what GET_PARAMETER tells: 0x80 to 0x87, and by the last three bits every other ---------------

.section .trailer, "a"
        .byte   0xDB, VERSION_MAJOR, VERSION_MINOR, FEATURES
.global patch_serial
patch_serial:
        .byte   0xFF, 0xFF, 0xFF, 0xFF
