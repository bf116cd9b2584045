# The suites of the schedule, dead-letter and execution stores; SQLite is their first backend.
set(here ${CMAKE_CURRENT_LIST_DIR})
add_library(schedules_store_suites OBJECT
  ${here}/alert_suite.cc ${here}/analytics_suite.cc ${here}/analytics_samples.cc ${here}/audit_suite.cc ${here}/dead_letter_suite.cc ${here}/definition_suite.cc ${here}/execution_samples.cc ${here}/execution_stats_suite.cc
  ${here}/execution_suite.cc ${here}/run_book_suite.cc ${here}/schedule_query_suite.cc ${here}/schedule_samples.cc ${here}/schedule_suite.cc)
target_precompile_headers(schedules_store_suites REUSE_FROM schedules_test_pch)
target_include_directories(schedules_store_suites PUBLIC ${CMAKE_SOURCE_DIR})
target_link_libraries(schedules_store_suites PUBLIC schedules_test_pch schedules_store GTest::gtest)

schedules_test(sqlite_stores_test LABEL conformance
  SOURCES ${here}/sqlite_stores_test.cc ${here}/sqlite_support.cc $<TARGET_OBJECTS:schedules_store_suites>
  ROOMS store_sqlite)
schedules_test(sqlite_files_test LABEL conformance
  SOURCES ${here}/schedule_samples.cc ${here}/sqlite_files_test.cc ${here}/sqlite_support.cc
  ROOMS store_sqlite)
schedules_test(sqlite_durability_test LABEL conformance
  SOURCES ${here}/schedule_samples.cc ${here}/sqlite_durability_test.cc ${here}/sqlite_support.cc
  ROOMS store_sqlite)
schedules_test(sqlite_spool_test LABEL conformance
  SOURCES ${here}/execution_samples.cc ${here}/schedule_samples.cc ${here}/sqlite_spool_test.cc ${here}/sqlite_support.cc
  ROOMS store_sqlite)
