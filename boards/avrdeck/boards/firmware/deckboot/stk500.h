; AVR061: opcodes and answers.

#define GET_SYNC        '0'
#define GET_SIGN_ON     '1'
#define GET_PARAMETER   'A'
#define SET_DEVICE      'B'
#define SET_DEVICE_EXT  'E'
#define ENTER_PROGMODE  'P'
#define LEAVE_PROGMODE  'Q'
#define LOAD_ADDRESS    'U'
#define UNIVERSAL       'V'
#define PROG_PAGE       'd'
#define READ_PAGE       't'
#define READ_SIGN       'u'
#define EOP             ' '

#define OK              0x10
#define FAILED          0x11
#define UNKNOWN         0x12
#define INSYNC          0x14
#define NOSYNC          0x15

; From 2.0: avrdude counts the bytes of SET_DEVICE_EXT by the version.
#define VERSION_MAJOR   2
#define VERSION_MINOR   0
