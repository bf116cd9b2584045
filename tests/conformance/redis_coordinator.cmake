# The coordinator, among several nodes beside real servers.
set(here ${CMAKE_CURRENT_LIST_DIR})
schedules_test(redis_coordinator_conformance LABEL conformance TIMEOUT 600 SERVERS redis
  SOURCES ${here}/redis_coordinator_test.cc ${here}/coordinator_suite.cc ROOMS cluster_redis LIBS schedules_test_support)
schedules_test(redis_nodes_conformance LABEL conformance TIMEOUT 600 SERVERS redis-cluster
  SOURCES ${here}/redis_nodes_test.cc ${here}/redis_place.cc ${here}/event_backend.cc ROOMS cluster_redis store_redis)
schedules_test(breaker_board_conformance LABEL conformance TIMEOUT 120 SERVERS redis
  SOURCES ${here}/breaker_board_test.cc ROOMS cluster_redis LIBS schedules_test_support)
