# The far tier and what else is kept in ClickHouse, on the real engine.
set(here ${CMAKE_CURRENT_LIST_DIR})
schedules_test(clickhouse_conformance LABEL conformance SERVERS clickhouse TIMEOUT 900
  SOURCES ${here}/clickhouse_conformance.cc ${here}/clickhouse_place.cc $<TARGET_OBJECTS:schedules_event_suites>
  ROOMS store_clickhouse sink LIBS schedules_test_memory)
