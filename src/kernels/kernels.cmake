# add_kernels(target): the loops for all instruction sets, each file with its own flags;
# dispatch.cpp chooses when the program runs.
function(add_kernels target)
  set(folder ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  target_sources(${target} PRIVATE ${folder}/dispatch.cpp ${folder}/packing.cpp)
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    return()
  endif()
  target_sources(${target} PRIVATE
    ${folder}/avx2.cpp ${folder}/avx512.cpp ${folder}/avx512_bf16.cpp)
  set(avx512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -Wno-psabi)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 takes the undefined vectors inside its own intrinsics for mistakes.
    list(APPEND avx512 -Wno-uninitialized -Wno-maybe-uninitialized)
  endif()
  set_source_files_properties(${folder}/avx2.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON
    COMPILE_OPTIONS "-mavx2;-mfma;-Wno-psabi")
  set_source_files_properties(${folder}/avx512.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON
    COMPILE_OPTIONS "${avx512};-mavx512vnni")
  set_source_files_properties(${folder}/avx512_bf16.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON
    COMPILE_OPTIONS "${avx512};-mavx512bf16")
endfunction()
