# kairos_harden(<target>)
#
# Compiles and links a program, a library or a plugin with what makes memory faults harder to exploit: canaries on the stack, checked
# calls of the C library, probes of large frames, marks for control-flow enforcement, and tables of the linker that are read-only before any
# code runs. KAIROS_HARDENING=OFF leaves it to flags of your own.
#
# Control flow is enforced only where every object of a file is marked. The start files of Debian 12 are not, so that its linker leaves
# the mark out; the code is ready for distributions whose start files are.

option(KAIROS_HARDENING "Compile and link with stack protector, FORTIFY, CET and full RELRO" ON)

function(kairos_harden target)
  if(NOT KAIROS_HARDENING)
    return()
  endif()
  target_compile_options(${target} PRIVATE -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    target_compile_options(${target} PRIVATE -fcf-protection)
  endif()
  # Needs an optimizer, and a sanitizer checks the same calls better.
  if(NOT KAIROS_SANITIZE)
    target_compile_options(${target} PRIVATE
      "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "STATIC_LIBRARY" OR type STREQUAL "OBJECT_LIBRARY")
    return()
  endif()
  target_link_options(${target} PRIVATE LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)
  if(type STREQUAL "EXECUTABLE")
    target_link_options(${target} PRIVATE -pie)
  endif()
endfunction()
