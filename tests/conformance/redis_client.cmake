# The Redis client against real servers; the store's suites are in redis.cmake.
schedules_test(redis_client_conformance LABEL conformance SERVERS redis redis-secured
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/redis_client_test.cc ROOMS redis)
schedules_test(redis_topology_conformance LABEL conformance SERVERS redis-cluster redis-sentinel
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/redis_topology_test.cc ROOMS redis)
