"""Raw STK500 commands and ISP instructions, as power users type them."""
