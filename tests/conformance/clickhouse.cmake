# The far tier and what else is kept in ClickHouse, on the real engine.
set(here ${CMAKE_CURRENT_LIST_DIR})
schedules_test(clickhouse_conformance LABEL conformance SERVERS clickhouse TIMEOUT 900
  SOURCES ${here}/clickhouse_conformance.cc ${here}/clickhouse_place.cc $<TARGET_OBJECTS:schedules_event_suites>
  ROOMS store_clickhouse sink LIBS schedules_test_memory)
schedules_test(clickhouse_scale_test LABEL conformance SERVERS clickhouse TIMEOUT 900
  SOURCES ${here}/clickhouse_scale_test.cc ${here}/clickhouse_place.cc ${here}/event_backend.cc
  ROOMS store_clickhouse sink LIBS schedules_test_memory)

# What only ClickHouse can show: its tables, two nodes, a server that fails or is away.
schedules_test(clickhouse_far_test LABEL conformance SERVERS clickhouse TIMEOUT 900
  SOURCES ${here}/clickhouse_client_test.cc ${here}/clickhouse_far_test.cc ${here}/clickhouse_layout_test.cc ${here}/clickhouse_outage_test.cc
    ${here}/clickhouse_place.cc ${here}/event_backend.cc
  ROOMS store_clickhouse sink LIBS schedules_test_memory schedules_test_support)
