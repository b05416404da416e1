# Packages of a build: one .tar.gz and one .deb for each component. The SDK is packaged apart because its version is another.
# Variables of the environment, because cpack reads its -D only after this file:
#   KAIROS_BUILD=DIR KAIROS_COMPONENTS="host;plugins" KAIROS_VERSION=1.2.3 KAIROS_SDK=1.2.0 cpack --config .github/package.cmake -B OUTPUT
foreach(variable KAIROS_BUILD KAIROS_COMPONENTS KAIROS_VERSION KAIROS_SDK)
  set(${variable} "$ENV{${variable}}")
endforeach()
set(CPACK_GENERATOR "TGZ;DEB")
set(CPACK_INSTALL_CMAKE_PROJECTS "${KAIROS_BUILD};Kairos;ALL;/")
set(CPACK_COMPONENTS_ALL ${KAIROS_COMPONENTS})
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_NAME kairos)
set(CPACK_PACKAGE_DESCRIPTION "Trains neural networks; callbacks are plugins")
set(CPACK_PACKAGE_VERSION ${KAIROS_VERSION})
set(CPACK_SYSTEM_NAME linux-x86_64)
set(CPACK_PACKAGE_FILE_NAME kairos-${KAIROS_VERSION}-${CPACK_SYSTEM_NAME})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_CMAKE_GENERATOR Ninja)
set(CPACK_PACKAGE_CONTACT "Kairos maintainers <maintainers@users.noreply.kairos.invalid>")

# "1.0.0-rc.1" comes before "1.0.0": Debian writes that with '~'.
string(REPLACE "-" "~" CPACK_DEBIAN_PACKAGE_VERSION "${KAIROS_VERSION}")
string(REPLACE "-" "~" sdk "${KAIROS_SDK}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_COMPONENT_SDK_DESCRIPTION "Headers and CMake functions to build callbacks for Kairos")
set(CPACK_DEBIAN_SDK_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_SDK_PACKAGE_ARCHITECTURE all)
set(CPACK_COMPONENT_CALLBACKS_DESCRIPTION "Library that runs Kairos' callbacks in any training loop")
set(CPACK_DEBIAN_CALLBACKS_PACKAGE_DEPENDS "kairos-sdk (>= ${sdk}), libfmt-dev, libmuparser-dev, pkg-config")
set(CPACK_COMPONENT_HOST_DESCRIPTION "The program kairos, and its library for C++")
# The second line is opened at the first call, so that nothing links it.
set(CPACK_DEBIAN_HOST_PACKAGE_DEPENDS "kairos-callbacks (= ${CPACK_DEBIAN_PACKAGE_VERSION}), zlib1g-dev, \
libdnnl2, libhdf5-103-1, libzip4, libpng16-16, libturbojpeg0")
set(CPACK_DEBIAN_HOST_PACKAGE_RECOMMENDS kairos-plugins)
set(CPACK_COMPONENT_PLUGINS_DESCRIPTION "The callbacks that are bundled with Kairos")
