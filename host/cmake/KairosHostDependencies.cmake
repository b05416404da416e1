# What Kairos::host links besides Kairos::callbacks; included before the target is defined.
if(NOT TARGET PkgConfig::zlib)
  pkg_check_modules(zlib QUIET IMPORTED_TARGET zlib)
endif()
if(NOT zlib_FOUND)
  set(Kairos_FOUND FALSE)
  set(Kairos_NOT_FOUND_MESSAGE "Kairos::host needs zlib, which pkg-config did not find; install zlib1g-dev")
  return()
endif()
