# kairos_add_plugin(<name> SOURCES <file>... [LINK <library>...])
#
# Makes <name>.so, a Kairos plugin that exports its entry symbol and nothing else, from C11 or C++17 (or later) sources.
#   LINK   libraries that only this plugin uses
# A plain `g++ -shared` would export every template instance of the standard library and stay mapped through one unique symbol;
# both let plugins meet each other's symbols.

include(${CMAKE_CURRENT_LIST_DIR}/KairosHarden.cmake)

function(kairos_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "kairos_add_plugin(${name}): write kairos_add_plugin(<name> SOURCES <file>... [LINK <library>...]); "
      "found \"${arg_UNPARSED_ARGUMENTS}\" outside of SOURCES and LINK")
  endif()
  set(map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/kairos_plugin.map)
  add_library(${name} MODULE ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE Kairos::sdk ${arg_LINK})
  set_target_properties(${name} PROPERTIES
    PREFIX "" C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${map})
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE LINKER:--version-script=${map} LINKER:-z,noexecstack)
  kairos_harden(${name})
  # A sanitizer's runtime is resolved from the host, so that symbols may stay undefined there and nowhere else.
  if(NOT KAIROS_SANITIZE)
    target_link_options(${name} PRIVATE LINKER:-z,defs)
  endif()
endfunction()
