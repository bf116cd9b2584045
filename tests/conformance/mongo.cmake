# Schedules, definitions and dead letters in MongoDB, on its protocol; and what only MongoDB can show: other programs'
# documents, a server that is away, two nodes.
set(here ${CMAKE_CURRENT_LIST_DIR})
schedules_test(mongo_conformance LABEL conformance SERVERS mongo TIMEOUT 900
  SOURCES ${here}/mongo_conformance.cc ${here}/mongo_place.cc $<TARGET_OBJECTS:schedules_store_suites>
  ROOMS store_mongo LIBS mongo::mongoc_static)
schedules_test(mongo_store_test LABEL conformance SERVERS mongo TIMEOUT 900
  SOURCES ${here}/mongo_edits_test.cc ${here}/mongo_hostile_test.cc ${here}/mongo_place.cc ${here}/schedule_samples.cc
  ROOMS store_mongo engine LIBS schedules_test_support mongo::mongoc_static)
