# Installs the library, its public headers, its CMake package and its pkg-config file.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sentence_transformers)

set_target_properties(sentence_transformers PROPERTIES
  PUBLIC_HEADER "${public_headers}"
  INSTALL_RPATH_USE_LINK_PATH ON)
set(libraries sentence_transformers)
if(SENTENCE_TRANSFORMERS_TRAINING)
  list(APPEND libraries sentence_transformers_training)
  set_target_properties(sentence_transformers_training PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  if(BUILD_SHARED_LIBS)
    set_property(TARGET sentence_transformers_training APPEND PROPERTY INSTALL_RPATH $ORIGIN)
  endif()
endif()
install(TARGETS ${libraries} EXPORT sentence_transformersTargets
  PUBLIC_HEADER DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sentence_transformers)
install(EXPORT sentence_transformersTargets
  NAMESPACE sentence_transformers:: DESTINATION ${package_dir})

# A static library leaves its private libraries to whoever links it.
set(package_needs_zlib OFF)
if(ZLIB_FOUND AND NOT BUILD_SHARED_LIBS)
  set(package_needs_zlib ON)
  set(zlib_libs "-lz")
endif()
set(package_needs_curl OFF)
if(SENTENCE_TRANSFORMERS_HUB AND CURL_FOUND AND NOT BUILD_SHARED_LIBS)
  set(package_needs_curl ON)
  set(curl_libs "-lcurl")
endif()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/sentence_transformersConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/sentence_transformersConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
  ${CMAKE_CURRENT_BINARY_DIR}/sentence_transformersConfigVersion.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/sentence_transformersConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/sentence_transformersConfigVersion.cmake
  DESTINATION ${package_dir})

# pkg-config knows nothing of LibTorch, so its flags are written out. The CUDA libraries register
# themselves when loaded: the linker must not drop them.
set(torch_libs "-L${TORCH_INSTALL_PREFIX}/lib -Wl,-rpath,${TORCH_INSTALL_PREFIX}/lib")
if(EXISTS ${TORCH_INSTALL_PREFIX}/lib/libtorch_cuda.so)
  string(APPEND torch_libs " -Wl,--no-as-needed -ltorch_cuda -lc10_cuda -Wl,--as-needed")
endif()
string(APPEND torch_libs " -ltorch -ltorch_cpu -lc10")
set(torch_cflags ${TORCH_CXX_FLAGS})
foreach(folder IN LISTS TORCH_INCLUDE_DIRS)
  string(APPEND torch_cflags " -isystem ${folder}")
endforeach()
file(RELATIVE_PATH pc_prefix
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
set(pc_files ${CMAKE_CURRENT_BINARY_DIR}/sentence_transformers.pc)
configure_file(${CMAKE_CURRENT_LIST_DIR}/sentence_transformers.pc.in ${pc_files} @ONLY)
if(SENTENCE_TRANSFORMERS_TRAINING)
  list(APPEND pc_files ${CMAKE_CURRENT_BINARY_DIR}/sentence_transformers_training.pc)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/sentence_transformers_training.pc.in
    ${CMAKE_CURRENT_BINARY_DIR}/sentence_transformers_training.pc @ONLY)
endif()
install(FILES ${pc_files}
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
