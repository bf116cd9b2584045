# The coordinator, among several nodes beside real servers.
schedules_test(redis_coordinator_conformance LABEL conformance TIMEOUT 600 SERVERS redis
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/redis_coordinator_test.cc ${CMAKE_CURRENT_LIST_DIR}/coordinator_suite.cc
  ROOMS cluster_redis LIBS schedules_test_support)
