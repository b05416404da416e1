/* SPDX-License-Identifier: MIT */
/* Two callbacks in C with everything that the macros of plugin.h can say. */
#include <kairos/plugin.h>
#include <stdlib.h>

#define COUNTER_OPTIONS(OPTION, REQUIRED, UNSET)                                                         \
  OPTION(INT, every, 2, "epochs", AT_LEAST(1), AT_MOST(100), UNIT("epochs"), ALIASES("period", "n"))     \
  OPTION(FLOAT, rate, 0.1, "between 0 and 1", ABOVE(0), BELOW(1))                                        \
  OPTION(BOOL, loud, 1, "whether to print")                                                              \
  OPTION(TEXT, greeting, "hello", "what to print")                                                       \
  OPTION(CHOICE, mode, "min", "direction", CHOICES("auto", "min", "max"))                                \
  OPTION(DURATION, pause, 90000000000, "time between lines", AT_LEAST(0))                                \
  OPTION(METRIC, monitor, "loss", "key to read", VOIDS_STATE)                                            \
  OPTION(EXPRESSION, formula, "0.5 * lr", "rate", VARIABLES("epoch", "lr"))                              \
  OPTION(PATH, place, "", "undeclared")                                                                  \
  OPTION(INPUT, source, "", "read")                                                                      \
  OPTION(OUTPUT, log, "", "written")                                                                     \
  OPTION(DIRECTORY, folder, "", "filled")                                                                \
  OPTION(SAVED, model, "", "saved")                                                                      \
  OPTION(INTS, epochs, "1,2", "epochs", AT_LEAST(1), UNIT("epochs"))                                     \
  OPTION(CHOICES, modes, "min,max", "directions", CHOICES("auto", "min", "max"), DEPRECATED("use mode")) \
  REQUIRED(INT, limit, "epochs until the stop", ABOVE(0))                                                \
  UNSET(FLOAT, baseline, "value to beat", VOIDS_STATE) UNSET(TEXT, token, "password", SECRET)
KAIROS_C_CALLBACK_OPTIONS(counter, COUNTER_OPTIONS)

typedef struct counts {
  int64_t epochs;
  double sum;
} counts;
typedef struct counter {
  const kairos_host* host;
  const kairos_logs* logs;
  const kairos_control* control;
  int64_t limit;
  counts seen;
} counter;

static kairos_status counter_init(counter* me, const kairos_host* host, kairos_call* call) {
  me->host = host;
  me->logs = host->query(host, KAIROS_LOGS);
  me->control = host->query(host, KAIROS_CONTROL);
  me->limit = KAIROS_C_VALUE(host, counter, limit).integer;
  if (KAIROS_C_VALUE(host, counter, baseline).type != KAIROS_TYPE_ABSENT)
    return host->fail(call, KAIROS_E_INVALID, KAIROS_C_TEXT("baseline is not supported"));
  return KAIROS_OK;
}
KAIROS_C_INSTANCE(counter, counter)
KAIROS_C_STATE(counter, counter, counts, seen)

static kairos_status counter_on_epoch_end(void* self, kairos_call* call, const kairos_epoch_event* event) {
  counter* const me = self;
  uint32_t index = 0;
  double value = 0;
  (void)event;
  kairos_status status = me->logs->find(call, KAIROS_C_VALUE(me->host, counter, monitor).text, &index);
  if (status == KAIROS_OK) status = me->logs->value(call, index, &value);
  if (status != KAIROS_OK) return status;
  me->seen.epochs += 1;
  me->seen.sum += value;
  status = me->logs->find(call, KAIROS_C_TEXT("mean"), &index);
  if (status == KAIROS_OK) status = me->logs->publish(call, index, me->seen.sum / (double)me->seen.epochs);
  if (status == KAIROS_OK && me->seen.epochs == me->limit)
    status = me->control->request_stop(call, KAIROS_C_TEXT("counted to the limit"));
  return status;
}

/* The same name of an option as in the first callback. */
#define BARE_OPTIONS(OPTION, REQUIRED, UNSET) OPTION(INT, every, 7, "unused")
KAIROS_C_CALLBACK_OPTIONS(bare, BARE_OPTIONS)

typedef struct bare {
  int64_t every;
} bare;
static kairos_status bare_init(bare* me, const kairos_host* host, kairos_call* call) {
  me->every = KAIROS_C_VALUE(host, bare, every).integer;
  return me->every == 7 ? KAIROS_OK : host->fail(call, KAIROS_E_INTERNAL, KAIROS_C_TEXT("another option"));
}
KAIROS_C_INSTANCE(bare, bare)

static kairos_status bare_on_fault(void* self, kairos_call* call, const kairos_fault_event* event) {
  (void)self;
  (void)call;
  return event->status;
}

#define COUNTER_HOOKS(HOOK) HOOK(counter, state_save) HOOK(counter, state_load) HOOK(counter, on_epoch_end)
#define BARE_HOOKS(HOOK) HOOK(bare, on_fault)
#define CALLBACKS(CALLBACK)                                                                           \
  CALLBACK(counter, "test.Counter", "Counts epochs.", MEASURE, CAN(STOP, SAVE_MODEL, WRITE_BATCH),    \
           COUNTER_OPTIONS, COUNTER_HOOKS, STATE(3, 2), PUBLISHES("mean", "other"),                   \
           ALIASES("test.OldCounter", "test.OlderCounter"), BEFORE("test.Bare"), AFTER("test.Other")) \
  CALLBACK(bare, "test.Bare", "Returns the status of a fault.", REPORT, CAN(NOTHING), BARE_OPTIONS,   \
           BARE_HOOKS, EVERY_RANK)
KAIROS_C_CALLBACKS("2.5.0", CALLBACKS)
