# kairos_add_plugin(<name> SOURCES <file>... [LINK <library>...])
#
# Builds <name>.so, a Kairos plugin that only exports its entry symbol, from sources in C11 or C++17 (or later).
#   LINK   libraries of this plugin
# If the project sets no CMAKE_BUILD_TYPE, the plugin is compiled with -O2.
# Plain `g++ -shared` would export template instances of the standard library, some of them as unique symbols, so that plugins
# could bind to each other's symbols.

include(${CMAKE_CURRENT_LIST_DIR}/KairosHarden.cmake)

function(kairos_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "kairos_add_plugin(${name}): found \"${arg_UNPARSED_ARGUMENTS}\" outside of SOURCES and LINK; "
      "expected kairos_add_plugin(<name> SOURCES <file>... [LINK <library>...])")
  endif()
  set(map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/kairos_plugin.map)
  add_library(${name} MODULE ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE Kairos::sdk ${arg_LINK})
  set_target_properties(${name} PROPERTIES
    PREFIX "" C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${map})
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE LINKER:--version-script=${map} LINKER:-z,noexecstack)
  # Without a build type, CMake does not optimize. The author's own -O, in the project or for this target, takes precedence.
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    foreach(language IN ITEMS C CXX)
      if(NOT "${CMAKE_${language}_FLAGS}" MATCHES "(^| )-O")
        target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:${language}>:-O2>)
      endif()
    endforeach()
  endif()
  kairos_harden(${name})
  # With a sanitizer, the symbols of its runtime stay undefined and are resolved from the host.
  if(NOT KAIROS_SANITIZE)
    target_link_options(${name} PRIVATE LINKER:-z,defs)
  endif()
endfunction()
