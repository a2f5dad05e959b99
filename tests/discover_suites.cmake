# Run after unit_tests is built: writes a ctest test for each of its suites. A process for each single
# test would start LibTorch more than a thousand times.
execute_process(COMMAND ${PROGRAM} --gtest_list_tests OUTPUT_VARIABLE listing RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "${PROGRAM} --gtest_list_tests failed: ${failed}")
endif()
string(REPLACE ";" "\\;" listing "${listing}")
string(REPLACE "\n" ";" lines "${listing}")
set(tests "")
foreach(line IN LISTS lines)
  if(line MATCHES "^([A-Za-z0-9_/]+)\\.")
    string(APPEND tests
      "add_test([==[${CMAKE_MATCH_1}]==] [==[${PROGRAM}]==] [==[--gtest_filter=${CMAKE_MATCH_1}.*]==])\n"
      "set_tests_properties([==[${CMAKE_MATCH_1}]==] PROPERTIES TIMEOUT 600)\n")
  endif()
endforeach()
file(WRITE ${OUTPUT} "${tests}")
