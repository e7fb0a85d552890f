/*
 * CRC-32 as in zlib, PNG and Ethernet (reflected, polynomial 0xEDB88320): what a reader computes
 * with Python's zlib.crc32(). Start with 0 and feed pieces in order.
 */
#ifndef CT_HARNESS_CRC32_H
#define CT_HARNESS_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t ct_crc32(uint32_t crc, const void *data, size_t size);

#endif
