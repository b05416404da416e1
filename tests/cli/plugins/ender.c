/* SPDX-License-Identifier: MIT */
/* Ends a run in any hook, in any way. */
#include <kairos/plugin.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPTIONS(OPTION, REQUIRED, UNSET)                        \
  REQUIRED(TEXT, hook, "where")                                 \
  OPTION(TEXT, how, "fail", "fail, crash, kill, leave or stay") \
  OPTION(INT, good, 0, "calls of the hook that go well", AT_LEAST(0))
KAIROS_C_CALLBACK_OPTIONS(ender, OPTIONS)

typedef struct ender {
  const kairos_host* host;
  int64_t calls;
} ender;

static kairos_status ender_init(ender* me, const kairos_host* host, kairos_call* call) {
  (void)call;
  me->host = host;
  return KAIROS_OK;
}
KAIROS_C_INSTANCE(ender, ender)

static int is(ender* me, uint32_t option, const char* text) {
  kairos_value value = kairos_c_value(me->host, option);
  return value.text.length == strlen(text) && memcmp(value.text.ptr, text, value.text.length) == 0;
}

static kairos_status at(void* self, kairos_call* call, const char* hook) {
  ender* const me = self;
  const uint32_t how = KAIROS_C_OPTION(ender, how);
  if (!is(me, KAIROS_C_OPTION(ender, hook), hook)) return KAIROS_OK;
  if (me->calls++ < KAIROS_C_VALUE(me->host, ender, good).integer) return KAIROS_OK;
  if (is(me, how, "crash")) raise(SIGSEGV);
  if (is(me, how, "kill")) raise(SIGKILL);
  if (is(me, how, "leave")) _exit(0);
  if (is(me, how, "stay"))
    for (;;) pause();
  return me->host->fail(call, KAIROS_E_IO, KAIROS_C_TEXT("the disk is gone"));
}

#define AT(hook, event_type)                                                                           \
  static kairos_status ender_##hook(void* self, kairos_call* call, const kairos_##event_type* event) { \
    (void)event;                                                                                       \
    return at(self, call, #hook);                                                                      \
  }
AT(setup, run_event)
AT(teardown, end_event)
AT(state_save, writer)
AT(state_load, reader)
AT(on_train_begin, run_event)
AT(on_train_end, end_event)
AT(on_epoch_begin, epoch_event)
AT(on_epoch_end, epoch_event)
AT(on_train_batch_begin, batch_event)
AT(on_backward_end, batch_event)
AT(on_train_batch_end, batch_event)
AT(on_test_begin, test_event)
AT(on_test_end, test_event)
AT(on_test_batch_begin, batch_event)
AT(on_test_batch_end, batch_event)
AT(on_checkpoint_saved, checkpoint_event)

#define HOOKS(HOOK)                 \
  HOOK(ender, setup)                \
  HOOK(ender, teardown)             \
  HOOK(ender, state_save)           \
  HOOK(ender, state_load)           \
  HOOK(ender, on_train_begin)       \
  HOOK(ender, on_train_end)         \
  HOOK(ender, on_epoch_begin)       \
  HOOK(ender, on_epoch_end)         \
  HOOK(ender, on_train_batch_begin) \
  HOOK(ender, on_backward_end)      \
  HOOK(ender, on_train_batch_end)   \
  HOOK(ender, on_test_begin)        \
  HOOK(ender, on_test_end)          \
  HOOK(ender, on_test_batch_begin)  \
  HOOK(ender, on_test_batch_end)    \
  HOOK(ender, on_checkpoint_saved)
#define ALL(CALLBACK) \
  CALLBACK(ender, "com.example.Ender", "Ends a run.", DECIDE, CAN(NOTHING), OPTIONS, HOOKS, STATE(1, 1))
KAIROS_C_CALLBACKS("1.0.0", ALL)
