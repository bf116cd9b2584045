# Executions and analytics on the real ClickHouse.
set(here ${CMAKE_CURRENT_LIST_DIR})
schedules_test(clickhouse_executions_test LABEL conformance SERVERS clickhouse TIMEOUT 900
  SOURCES ${here}/clickhouse_executions_test.cc ${here}/clickhouse_executions_outage_test.cc
    ${here}/clickhouse_executions_place.cc ${here}/clickhouse_place.cc ${here}/event_backend.cc ${here}/sqlite_support.cc
    $<TARGET_OBJECTS:schedules_store_suites>
  ROOMS store_clickhouse store_sqlite analytics sink LIBS schedules_test_memory schedules_test_support)
schedules_test(clickhouse_executions_scale_test LABEL conformance SERVERS clickhouse TIMEOUT 900
  SOURCES ${here}/clickhouse_executions_scale_test.cc ${here}/clickhouse_executions_place.cc ${here}/clickhouse_place.cc
    ${here}/event_backend.cc ${here}/execution_samples.cc ${here}/schedule_samples.cc
  ROOMS store_clickhouse sink LIBS schedules_test_memory)
