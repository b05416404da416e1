# kairos_harden(<target>)
#
# Hardens a program, a library or a plugin: stack canaries, checked calls of the C library (FORTIFY), stack-clash protection, marks
# for control-flow enforcement (CET), and full RELRO. KAIROS_HARDENING=OFF disables it.
#
# CET is only enforced if every object of a file is marked. The start files of Debian 12 are not, so its linker omits the mark.

option(KAIROS_HARDENING "Compile and link with stack protector, FORTIFY, CET and full RELRO" ON)

function(kairos_harden target)
  if(NOT KAIROS_HARDENING)
    return()
  endif()
  target_compile_options(${target} PRIVATE -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    target_compile_options(${target} PRIVATE -fcf-protection)
  endif()
  # FORTIFY needs optimization. Sanitizers check the same calls.
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
