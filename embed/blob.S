/*
 * One blob as bytes in read-only memory. Assembled once a blob, with
 *   BLOB_SYMBOL  the symbol that names its first byte
 *   BLOB_FILE    the file with the bytes as they are stored
 */
	.section .rodata.BLOB_SYMBOL, "a", @progbits
	.balign 16
	.globl BLOB_SYMBOL
	.hidden BLOB_SYMBOL
	.type BLOB_SYMBOL, @object
BLOB_SYMBOL:
	.incbin BLOB_FILE
	.size BLOB_SYMBOL, . - BLOB_SYMBOL

	.section .note.GNU-stack, "", @progbits
