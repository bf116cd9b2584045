# One room = one folder = one library. A room sees only the rooms it links.
#
#   schedules_room(recurrence SOURCES cron.cc zone.cc ROOMS base time LIBS date::date-tz)
#   schedules_test(wheel_test SOURCES timing_wheel_test.cc ROOMS wheel LABEL unit)
#   schedules_test(redis_conformance SOURCES … ROOMS store_redis LABEL conformance SERVERS redis redis-cluster)

# The precompiled header: the standard library and what every room's headers use. Built once, reused by all.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cc "")
add_library(schedules_pch STATIC ${CMAKE_BINARY_DIR}/pch.cc)
target_link_libraries(schedules_pch PUBLIC schedules_flags fmt::fmt Threads::Threads)
target_include_directories(schedules_pch SYSTEM PUBLIC ${TL_EXPECTED_INCLUDE})
target_precompile_headers(schedules_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h)

# Tests have one of their own, with GoogleTest in it, and are optimised little: much of a build is theirs.
if(SCHEDULES_TESTS)
  file(WRITE ${CMAKE_BINARY_DIR}/test_pch.cc "")
  add_library(schedules_test_pch STATIC ${CMAKE_BINARY_DIR}/test_pch.cc)
  target_link_libraries(schedules_test_pch PUBLIC schedules_pch GTest::gmock GTest::gtest)
  # g++ 12 takes moved-from results for uninitialised, and short constants for long ones.
  target_compile_options(schedules_test_pch PUBLIC -Wno-maybe-uninitialized -Wno-stringop-overread
                         $<$<CONFIG:RelWithDebInfo>:-Og>)
  target_precompile_headers(schedules_test_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/test_pch.h)
endif()

# Sources of a GROUPED room that SCHEDULES_UNITY compiles in one go: none names a thing as another of them does.
function(schedules_together first)
  string(MAKE_C_IDENTIFIER ${first} group)
  set_source_files_properties(${first} ${ARGN} PROPERTIES UNITY_GROUP ${group})
endfunction()

function(schedules_room name)
  cmake_parse_arguments(ARG "GROUPED;COLD" "" "SOURCES;ROOMS;LIBS" ${ARGN})
  list(TRANSFORM ARG_ROOMS PREPEND schedules_)
  if(ARG_SOURCES)
    add_library(schedules_${name} STATIC ${ARG_SOURCES})
    if(ARG_GROUPED)  # its sources name things alike: only those of one schedules_together() go in one go
      set_target_properties(schedules_${name} PROPERTIES UNITY_BUILD_MODE GROUP)
    endif()
    if(ARG_COLD)  # runs once a start or a command: a third of its build is optimising
      target_compile_options(schedules_${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
    endif()
    target_precompile_headers(schedules_${name} REUSE_FROM schedules_pch)
    target_link_libraries(schedules_${name} PUBLIC schedules_pch ${ARG_ROOMS} PRIVATE ${ARG_LIBS})
    if(SCHEDULES_WITHOUT_GUARD AND name MATCHES "^(engine|store_redis|sink_kafka)$")  # where the guards are looked at
      string(TOUPPER "SCHEDULES_WITHOUT_${SCHEDULES_WITHOUT_GUARD}_GUARD" definition)
      target_compile_definitions(schedules_${name} PRIVATE ${definition})
    endif()
  else()
    add_library(schedules_${name} INTERFACE)
    target_link_libraries(schedules_${name} INTERFACE schedules_pch ${ARG_ROOMS} ${ARG_LIBS})
  endif()
  set_property(GLOBAL APPEND PROPERTY SCHEDULES_ROOMS schedules_${name})
endfunction()

function(schedules_test name)
  cmake_parse_arguments(ARG "BUSY" "LABEL;TIMEOUT" "SOURCES;ROOMS;LIBS;ARGS;SERVERS" ${ARGN})
  list(TRANSFORM ARG_ROOMS PREPEND schedules_)
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_precompile_headers(${name} REUSE_FROM schedules_test_pch)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE schedules_test_pch ${ARG_ROOMS} ${ARG_LIBS} GTest::gtest_main)
  # Debian's RapidCheck has a few headers that trip our warnings; it is marked SYSTEM where linked.
  if(ARG_SERVERS)  # real ones, started beside it: tests/servers
    add_test(NAME ${name} COMMAND ${SCHEDULES_PYTHON} -B -m servers ${ARG_SERVERS} -- $<TARGET_FILE:${name}> ${ARG_ARGS}
             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests)
  else()
    add_test(NAME ${name} COMMAND ${name} ${ARG_ARGS})
  endif()
  set(labels ${ARG_LABEL})
  if(ARG_SERVERS)
    list(APPEND labels servers)
  endif()
  set(processors 1)
  if(ARG_BUSY)  # it and its servers have the machine to themselves; the others mostly wait
    set(processors 2)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${ARG_TIMEOUT} PROCESSORS ${processors})
  if(NOT ARG_SERVERS)
    schedules_serverless(${name})
  endif()
endfunction()

# `ninja serverless_tests` builds what tests without servers run: with a sanitizer the rest would be built for nothing.
add_custom_target(serverless_tests)
function(schedules_serverless name)
  add_dependencies(serverless_tests ${name})
endfunction()
