/* SPDX-License-Identifier: MIT */
/* kairos.artifacts/1: what a callback has made for people to look at (texts, images, histograms, tables, files), handed to the
 * callbacks that show such things: those with the hook on_artifact (plugin.h). */
#ifndef KAIROS_ABI_ARTIFACTS_H
#define KAIROS_ABI_ARTIFACTS_H

#include "tensors.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_ARTIFACTS "kairos.artifacts/1"

/* Kinds. A field that a kind does not use is empty. A callback may publish one name in several kinds; a consumer then shows the
 * one that it shows best. */
#define KAIROS_ARTIFACT_TEXT 1      /* `text` of `media_type` text/plain, text/markdown, application/json or image/svg+xml */
#define KAIROS_ARTIFACT_IMAGE 2     /* `data`: uint8 [height, width, channels]: 1 grey, 3 RGB, 4 RGBA; at most 16384 high and wide */
#define KAIROS_ARTIFACT_HISTOGRAM 3 /* `data`: float64 [2, bins + 1]: edges, not decreasing; then counts, the last one 0 */
#define KAIROS_ARTIFACT_TABLE 4     /* `data`: float64 [rows, columns]; names of rows and columns */
#define KAIROS_ARTIFACT_FILE 5      /* `text`: absolute path of a file that is complete; `media_type` may be empty */

/* In struct of `publish` (types.h). In on_artifact it comes from the host: borrowed (until return). */
typedef struct kairos_artifact {
  uint32_t size;
  int32_t kind;          /* KAIROS_ARTIFACT_… */
  int64_t epoch, step;   /* set by the host: epoch from 0, -1 outside of one; optimizer steps */
  kairos_str name;       /* 1 to 200 bytes of printable UTF-8, "confusion_matrix" */
  kairos_str publisher;  /* set by the host: instance */
  kairos_str media_type; /* of a text or a file */
  kairos_str text;
  kairos_str row_names, column_names; /* of a table: each name but the last is followed by a line feed; empty for none */
  kairos_view data;                   /* row-major without gaps, on the CPU */
} kairos_artifact;

typedef struct kairos_artifacts {
  uint32_t size, reserved;

  /* Returns 1 if another instance takes artifacts, else 0: ask before drawing. Does not change during a run, but when an instance
   * is disabled. [fit-thread & running] */
  int32_t (*wanted)(kairos_call *call);

  /* Copies the artifact; the copy goes to every other instance with on_artifact after all hooks of this event. If nobody takes it, or
   * artifacts are being delivered (in on_checkpoint_saved of a file that a consumer saves), it is checked and dropped. Errors:
   * KAIROS_E_UNSUPPORTED for a kind, a media type, a channel count, a dtype or a device; KAIROS_E_INVALID for a name, a text or a
   * shape that does not fit, and for a field that the kind does not use; KAIROS_E_BUSY beyond 64 MiB in one event; KAIROS_E_STATE in
   * on_artifact. [fit-thread & running] */
  kairos_status (*publish)(kairos_call *call, const kairos_artifact *artifact);
} kairos_artifacts;

#ifdef __cplusplus
}
#endif
#endif
