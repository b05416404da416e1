/* SPDX-License-Identifier: MIT */
/* The ELF note from which a plugin is read without executing it.
 *
 * Section .note.kairos, owner "Kairos", type = the major of the ABI. Description, little-endian:
 *   uint16 major, uint16 minor_required, uint16 minor_built, uint16 reserved, 0
 *   int32  distance from this field to a kairos_manifest, in the memory image
 * The manifest is constant data without pointers, so readers need no relocations. Its JSON repeats the contents of
 * `kairos_plugin_v1`; a host rejects a plugin if the two differ. Fields: sdk/doc/abi.md. */
#ifndef KAIROS_ABI_NOTE_H
#define KAIROS_ABI_NOTE_H

#include "types.h"

#define KAIROS_NOTE_OWNER "Kairos"
#define KAIROS_MANIFEST_LIMIT (1u << 20) /* bytes; longer manifests are rejected */

/* The header that the note points to. `length` bytes of JSON text follow it directly. Frozen. */
typedef struct kairos_manifest_header {
  uint32_t length;
  uint32_t reserved;
} kairos_manifest_header;

#define KAIROS_NOTE_TEXT_(x) #x
#define KAIROS_NOTE_TEXT(x) KAIROS_NOTE_TEXT_(x)

#if !defined(__ELF__)
#error "this SDK builds plugins for ELF systems only"
#endif

/* Emits the note. `symbol` names the manifest, an object of hidden visibility in the same file. The note is written in
 * assembly because compilers align constant arrays in a way that note readers report as corrupt. */
#define KAIROS_NOTE(symbol)                                                                                  \
  __asm__(".pushsection .note.kairos,\"a\",%note\n"                                                          \
          " .balign 4\n"                                                                                     \
          " .long 7f-6f, 9f-8f, " KAIROS_NOTE_TEXT(KAIROS_ABI_MAJOR) "\n"                                    \
          "6: .asciz \"" KAIROS_NOTE_OWNER "\"\n"                                                            \
          "7: .balign 4\n"                                                                                   \
          "8: .short " KAIROS_NOTE_TEXT(KAIROS_ABI_MAJOR) ", " KAIROS_NOTE_TEXT(KAIROS_TARGET_MINOR)         \
          ", " KAIROS_NOTE_TEXT(KAIROS_ABI_MINOR) ", 0\n"                                                    \
          " .long " #symbol " - .\n"                                                                         \
          "9: .balign 4\n"                                                                                   \
          ".popsection\n")

#endif
