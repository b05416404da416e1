/* SPDX-License-Identifier: MIT */
/* The layout of the ABI in C11, tested at compile time. */
#include <kairos/abi.h>

#define KAIROS_SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), "size of " #type);
#define KAIROS_FIELD(type, field, bytes) \
  _Static_assert(offsetof(struct type, field) == (bytes), "offset of " #type "." #field);

_Static_assert(sizeof(void*) == 8, "the numbers are those of a 64-bit machine");
#include "layout.inc"

/* The memory layout of a DLTensor in DLPack 0.8. */
_Static_assert(sizeof(kairos_dtype) == 4 && offsetof(kairos_dtype, code) == 0 &&
                   offsetof(kairos_dtype, bits) == 1 && offsetof(kairos_dtype, lanes) == 2,
               "DLDataType: uint8 code, uint8 bits, uint16 lanes");
_Static_assert(sizeof(kairos_device) == 8 && offsetof(kairos_device, type) == 0 &&
                   offsetof(kairos_device, id) == 4,
               "DLDevice: int32 device_type, int32 device_id");
_Static_assert(sizeof(kairos_view) == 48 && offsetof(kairos_view, data) == 0 &&
                   offsetof(kairos_view, device) == 8 && offsetof(kairos_view, rank) == 16 &&
                   offsetof(kairos_view, dtype) == 20 && offsetof(kairos_view, shape) == 24 &&
                   offsetof(kairos_view, strides) == 32 && offsetof(kairos_view, byte_offset) == 40,
               "DLTensor: data, device, int32 ndim, dtype, int64 *shape, int64 *strides, uint64 byte_offset");
