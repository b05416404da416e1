/* SPDX-License-Identifier: MIT */
/* kairos.tensors/1: weights, gradients, optimizer slots and the current batch as zero-copy views. */
#ifndef KAIROS_ABI_TENSORS_H
#define KAIROS_ABI_TENSORS_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_TENSORS "kairos.tensors/1"

/* The layout of DLPack's DLDataType, DLDevice and DLTensor, readable by any DLPack consumer. Frozen. Codes are DLPack's, also
 * those that are not listed. */
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
  int64_t *shape;   /* `rank` sizes, in elements */
  int64_t *strides; /* in elements; null means row-major and compact */
  uint64_t byte_offset;
} kairos_view;

/* Roles 1 to 9 are float32 {2, 32, 1}, CPU {1, 0}, row-major with null strides and offset 0 in all of 1.x. Anything else comes
 * under new roles. */
#define KAIROS_ROLE_WEIGHT 1   /* all weights, trainable or not, in the order of Keras' get_weights() */
#define KAIROS_ROLE_GRADIENT 2 /* gradients of the step, of all its batches; only in on_backward_end */
#define KAIROS_ROLE_BUFFER 3   /* the non-trainable weights */
#define KAIROS_ROLE_INPUT 4    /* of the current batch, in on_train_batch_begin (batch.h) and after the forward pass; [samples, …] */
#define KAIROS_ROLE_TARGET 5   /* as INPUT */
#define KAIROS_ROLE_OUTPUT 6   /* of the current batch, after the forward pass; [samples, …] */
#define KAIROS_ROLE_SLOT 7     /* optimizer state */
#define KAIROS_ROLE_SAMPLE_WEIGHT 8 /* as TARGET, one per target: [samples] or [samples, timesteps], class weights multiplied in;
                                       ones if there are none */
#define KAIROS_ROLE_SAMPLE_LOSS 9   /* one per target, after the forward pass: the loss of each sample before weights and
                                       penalties, the mean over its timesteps (those that a mask counts); [samples] */

#define KAIROS_ACCESS_READ 1
#define KAIROS_ACCESS_WRITE 2 /* not flags: 1 or 2, else KAIROS_E_INVALID. Writing needs KAIROS_CAN_WRITE_WEIGHTS,
                                 _GRADIENTS or _BATCH */

/* All pointers are borrowed (until return). Writing to a view that was borrowed for reading is undefined behaviour. */
typedef struct kairos_tensor {
  uint32_t size;       /* out struct (types.h): in, the caller's sizeof; out, what the host wrote */
  int32_t access;      /* KAIROS_ACCESS_… */
  kairos_str name;     /* "dense_1/kernel" */
  int32_t role;        /* KAIROS_ROLE_… */
  int32_t trainable;   /* 1 if the optimizer updates it, unless a callback has frozen it */
  uint64_t generation; /* changes whenever the values may have changed */
  kairos_view view;
} kairos_tensor;

typedef struct kairos_tensors {
  uint32_t size, reserved;

  /* Returns the number of tensors of a role in this event; 0 if there are none. [fit-thread & set-up] */
  uint32_t (*count)(kairos_call *call, int32_t role);

  /* Lends a tensor until the hook returns. Errors: KAIROS_E_RANGE, also for an unknown role; KAIROS_E_INVALID for an access other
   * than 1 and 2, and for a `size` below that of ABI 1.0; KAIROS_E_DENIED for write access without the capability, or to outputs
   * and losses of samples; KAIROS_E_STATE for write access to inputs, targets and sample weights outside on_train_batch_begin, and
   * to weights that another instance has swapped in (weights.h). [fit-thread & set-up] */
  kairos_status (*borrow)(kairos_call *call, int32_t role, uint32_t index, int32_t access, kairos_tensor *out);

  /* Stores the index of a tensor, found by name. Errors: KAIROS_E_NOT_FOUND. [fit-thread & set-up] */
  kairos_status (*find)(kairos_call *call, int32_t role, kairos_str name, uint32_t *index);
} kairos_tensors;

#ifdef __cplusplus
}
#endif
#endif
