# The suites of the event stores and the tail; RocksDB is their first backend.
set(here ${CMAKE_CURRENT_LIST_DIR})
add_library(schedules_event_suites OBJECT
  ${here}/event_backend.cc ${here}/event_catalog_suite.cc ${here}/far_store_suite.cc ${here}/near_put_suite.cc
  ${here}/near_race_suite.cc ${here}/near_window_suite.cc ${here}/tail_store_suite.cc)
target_precompile_headers(schedules_event_suites REUSE_FROM schedules_test_pch)
target_include_directories(schedules_event_suites PUBLIC ${CMAKE_SOURCE_DIR})
target_link_libraries(schedules_event_suites PUBLIC schedules_test_pch schedules_store schedules_sink GTest::gtest)
# g++ 12 takes moved-from results for uninitialised at -O2.
target_compile_options(schedules_event_suites PRIVATE -Wno-maybe-uninitialized)

schedules_test(rocksdb_conformance LABEL conformance
  SOURCES ${here}/rocksdb_conformance.cc ${here}/rocksdb_place.cc $<TARGET_OBJECTS:schedules_event_suites>
  ROOMS store_rocksdb)

# What only RocksDB's files can show. The store's headers of layout and opening are its own; these tests alone use them.
schedules_test(rocksdb_store_test LABEL conformance
  SOURCES ${here}/rocksdb_crash_test.cc ${here}/rocksdb_fault_test.cc ${here}/rocksdb_store_test.cc ${here}/rocksdb_place.cc
    ${here}/event_backend.cc ${CMAKE_SOURCE_DIR}/tests/support/faulty_file_system.cc
  ROOMS store_rocksdb LIBS RocksDB::rocksdb)
