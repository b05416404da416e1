# Libraries that are opened when they are first called instead of at the start of the program: HDF5 of Debian alone, with
# the network libraries behind it, takes several times as long to load as all the rest.
#
# kairos_delay_load(<target> <id> LIBRARY <file> FUNCTIONS <regex> [DATA <regex>] [INITIALIZER <function>]
#                   [SOURCES <source>…])
#
# Takes the place of linking <file>: every function of it that matches gets a stub, which opens the library at the first
# call and jumps to it ever after. Variables that match, of 8 bytes each, are copied when the library has been opened
# and INITIALIZER was called. Sources go on including the library's header; its names are renamed for the compiler of
# <target> alone, or of SOURCES alone where only these use it, so that a program which links both Kairos and the library
# itself meets only one of that name.
# Elsewhere than on x86-64, and where the file is an archive, <file> is linked as usual.

function(kairos_delay_load target id)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "LIBRARY;FUNCTIONS;DATA;INITIALIZER" "SOURCES")
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$" OR NOT arg_LIBRARY MATCHES "\\.so")
    target_link_libraries(${target} PRIVATE ${arg_LIBRARY})
    return()
  endif()
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${arg_LIBRARY} OUTPUT_VARIABLE headers COMMAND_ERROR_IS_FATAL ANY)
  if(NOT headers MATCHES "SONAME +([^ \n]+)")
    message(FATAL_ERROR "${arg_LIBRARY} has no SONAME, by which ${target} could open it")
  endif()
  set(soname ${CMAKE_MATCH_1})
  execute_process(COMMAND ${CMAKE_NM} -D --defined-only ${arg_LIBRARY} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[0-9a-f]+ [TBD] [^ @\n]+" symbols "${symbols}")

  set(renames "")
  set(function_names "")
  set(data_names "")
  set(stubs "")
  set(function_count 0)
  set(data_count 0)
  foreach(symbol IN LISTS symbols)
    string(REGEX REPLACE "^[0-9a-f]+ (.) (.*)$" "\\1;\\2" parts "${symbol}")
    list(GET parts 0 kind)
    list(GET parts 1 name)
    if(kind STREQUAL "T" AND name MATCHES "^(${arg_FUNCTIONS})$")
      string(APPEND function_names "  \"${name}\\0\"\n")
      string(APPEND stubs "KAIROS_STUB(\"${name}\", \"${function_count}\")\n")
      math(EXPR function_count "${function_count} + 1")
    elseif(NOT kind STREQUAL "T" AND arg_DATA AND name MATCHES "^(${arg_DATA})$")
      string(APPEND data_names "  \"${name}\\0\"\n")
      string(APPEND stubs "KAIROS_COPY(\"${name}\", \"${data_count}\")\n")
      math(EXPR data_count "${data_count} + 1")
    else()
      continue()
    endif()
    string(APPEND renames "#pragma redefine_extname ${name} kairos_delayed_${name}\n")
  endforeach()
  if(function_count EQUAL 0)
    message(FATAL_ERROR "${arg_LIBRARY} has no function that matches ${arg_FUNCTIONS}")
  endif()

  set(names_file ${CMAKE_CURRENT_BINARY_DIR}/${id}_names.h)
  file(CONFIGURE OUTPUT ${names_file} CONTENT "${renames}" @ONLY)
  configure_file(${PROJECT_SOURCE_DIR}/host/base/delayed_stubs.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/${id}_stubs.cpp @ONLY)
  set_property(SOURCE ${CMAKE_CURRENT_BINARY_DIR}/${id}_stubs.cpp TARGET_DIRECTORY ${target}
    APPEND PROPERTY COMPILE_OPTIONS -fno-lto -Wno-overlength-strings)
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${id}_stubs.cpp)
  if(arg_SOURCES)
    set_property(SOURCE ${arg_SOURCES} TARGET_DIRECTORY ${target} APPEND PROPERTY COMPILE_OPTIONS -include ${names_file})
  else()
    target_compile_options(${target} PRIVATE "SHELL:-include ${names_file}")
  endif()
endfunction()
