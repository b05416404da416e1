/* SPDX-License-Identifier: MIT */
/* Options of every kind of path, in C; writes one of the files. */
#include <kairos/plugin.h>
#include <stdio.h>
#include <stdlib.h>

#define OPTIONS(INT, FLOAT, BOOL, TEXT) INT(lines, 1, "lines to write")
#define PATHS(INPUT, OUTPUT, DIRECTORY, SAVED) \
  INPUT(source, "", "what to read")            \
  OUTPUT(log, "c.log", "what to write")        \
  DIRECTORY(place, "", "where to write") SAVED(model, "", "what to save")
KAIROS_C_OPTIONS_AND_PATHS(OPTIONS, PATHS)

static kairos_status create(const kairos_host* host, kairos_call* call, void** self) {
  (void)call;
  *self = (void*)host;
  return KAIROS_OK;
}

static void destroy(void* self) {
  (void)self;
}

static kairos_status on_train_begin(void* self, kairos_call* call, const kairos_run_event* event) {
  const kairos_host* host = self;
  kairos_value log;
  (void)event;
  kairos_status status = host->option(host, KAIROS_C_INDEX(log), &log);
  if (status != KAIROS_OK) return status;
  FILE* file = fopen(log.text.ptr, "we");
  if (file == NULL) return host->fail(call, KAIROS_E_IO, (kairos_str){"the log cannot be opened", 24});
  fputs("written\n", file);
  return fclose(file) == 0 ? KAIROS_OK : KAIROS_E_IO;
}

#define HOOKS(HOOK) HOOK(on_train_begin)
KAIROS_C_PLUGIN_WITH_PATHS("1.0.0", "com.example.CWriter", "Writes.", REPORT, OPTIONS, PATHS, HOOKS)
