# The suites of the near store, on one Redis and on a Cluster; and what only Redis can show.
set(here ${CMAKE_CURRENT_LIST_DIR})
schedules_test(redis_store_conformance LABEL conformance SERVERS redis BUSY
  SOURCES ${here}/redis_store_conformance.cc ${here}/redis_place.cc ${here}/redis_store_test.cc ${here}/redis_firing_test.cc
    ${here}/redis_restart_test.cc ${here}/redis_waiting_test.cc ${here}/redis_marks_test.cc
    ${here}/far_guard_suite.cc $<TARGET_OBJECTS:schedules_event_suites>
  ROOMS store_redis LIBS schedules_test_support)
schedules_test(redis_cluster_conformance LABEL conformance SERVERS redis-cluster
  SOURCES ${here}/redis_cluster_conformance.cc ${here}/redis_place.cc ${here}/far_guard_suite.cc
    $<TARGET_OBJECTS:schedules_event_suites>
  ROOMS store_redis)
