// SPDX-License-Identifier: MIT
// Limits the norm of all gradients together, as global_clipnorm of Keras' optimizers does.
#include <kairos/plugin.h>
#include <math.h>
#include <stdlib.h>
#define OPTIONS(OPTION, REQUIRED, UNSET) OPTION(FLOAT, norm, 1.0, "largest norm of all gradients", ABOVE(0))
KAIROS_C_CALLBACK_OPTIONS(clip, OPTIONS)
typedef struct clip {
  const kairos_tensors* tensors;
  double norm;
} clip;
static kairos_status clip_init(clip* me, const kairos_host* host, kairos_call* call) {
  *me = (clip){host->query(host, KAIROS_TENSORS), KAIROS_C_VALUE(host, clip, norm).number};
  return me->tensors ? KAIROS_OK : host->fail(call, KAIROS_E_UNSUPPORTED, KAIROS_C_TEXT("no tensors"));
}
KAIROS_C_INSTANCE(clip, clip)

static kairos_status clip_on_backward_end(void* self, kairos_call* call, const kairos_batch_event* event) {
  const clip* const me = self;
  const uint32_t count = me->tensors->count(call, KAIROS_ROLE_GRADIENT);
  double squares = 0;  // of all gradients, which are read first and then written
  (void)event;
  for (uint32_t i = 0; i < count || (i < 2 * count && sqrt(squares) > me->norm); ++i) {
    kairos_tensor lent = {.size = sizeof lent};
    const int32_t access = i < count ? KAIROS_ACCESS_READ : KAIROS_ACCESS_WRITE;
    const kairos_status status = me->tensors->borrow(call, KAIROS_ROLE_GRADIENT, i % count, access, &lent);
    if (status != KAIROS_OK) return status;
    float* const values = kairos_c_values(&lent);
    for (int64_t k = 0; values != NULL && k < kairos_c_size(&lent); ++k)
      if (i >= count)
        values[k] *= (float)(me->norm / sqrt(squares));
      else
        squares += (double)values[k] * values[k];
  }
  return KAIROS_OK;
}
#define HOOKS(HOOK) HOOK(clip, on_backward_end)
#define ALL(CALLBACK) \
  CALLBACK(clip, "com.example.ClipNorm", "Limits gradients.", DECIDE, CAN(WRITE_GRADIENTS), OPTIONS, HOOKS)
KAIROS_C_CALLBACKS("1.0.0", ALL)
