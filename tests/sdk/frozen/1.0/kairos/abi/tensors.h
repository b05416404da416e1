/* SPDX-License-Identifier: MIT */
/* kairos.tensors/1: weights, gradients, optimizer slots and the batch, as views without a copy. */
#ifndef KAIROS_ABI_TENSORS_H
#define KAIROS_ABI_TENSORS_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_TENSORS "kairos.tensors/1"

/* Field for field DLPack's DLDataType, DLDevice and DLTensor, so that any consumer of DLPack takes it. Frozen. */
typedef struct kairos_dtype {
  uint8_t code, bits; /* code: 0 int, 1 unsigned, 2 float */
  uint16_t lanes;
} kairos_dtype;

typedef struct kairos_device {
  int32_t type, id; /* type: 1 CPU */
} kairos_device;

typedef struct kairos_view {
  void *data;
  kairos_device device;
  int32_t rank;
  kairos_dtype dtype;
  int64_t *shape;   /* rank numbers */
  int64_t *strides; /* in elements; null means row-major without gaps */
  uint64_t byte_offset;
} kairos_view;

#define KAIROS_ROLE_WEIGHT 1   /* all weights in the order of Keras' get_weights(), trained or not */
#define KAIROS_ROLE_GRADIENT 2 /* of the loss; in on_backward_end only */
#define KAIROS_ROLE_BUFFER 3   /* the weights that are not trained */
#define KAIROS_ROLE_INPUT 4    /* of the current batch, in batch hooks; [samples, …] */
#define KAIROS_ROLE_TARGET 5
#define KAIROS_ROLE_OUTPUT 6
#define KAIROS_ROLE_SLOT 7 /* state of the optimizer */

#define KAIROS_ACCESS_READ 1
#define KAIROS_ACCESS_WRITE 2 /* needs KAIROS_CAN_WRITE_WEIGHTS or KAIROS_CAN_WRITE_GRADIENTS */

/* Set `size` before borrowing. Everything in it is borrowed (until return). Writing to a view that was borrowed for reading is
 * undefined. */
typedef struct kairos_tensor {
  uint32_t size;
  int32_t access;      /* KAIROS_ACCESS_… */
  kairos_str name;     /* "dense_1/kernel" */
  int32_t role;        /* KAIROS_ROLE_… */
  int32_t trainable;   /* 1 if the optimizer updates it */
  uint64_t generation; /* differs whenever the values may have changed since a view with another number */
  kairos_view view;
} kairos_tensor;

typedef struct kairos_tensors {
  uint32_t size, reserved;

  /* Tensors of a role that exist in this event; 0 if none do. [fit-thread & set-up] */
  uint32_t (*count)(kairos_call *call, int32_t role);

  /* Lends a tensor for the rest of this hook. Errors: KAIROS_E_RANGE; KAIROS_E_DENIED for writing without the capability, or
   * to anything but weights, gradients and slots. [fit-thread & set-up] */
  kairos_status (*borrow)(kairos_call *call, int32_t role, uint32_t index, int32_t access, kairos_tensor *out);

  /* Index of a tensor by name. Errors: KAIROS_E_NOT_FOUND. [fit-thread & set-up] */
  kairos_status (*find)(kairos_call *call, int32_t role, kairos_str name, uint32_t *index);
} kairos_tensors;

#ifdef __cplusplus
}
#endif
#endif
