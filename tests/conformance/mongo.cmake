# Schedules, definitions and dead letters in MongoDB, on its protocol; and what only MongoDB can show: other programs'
# documents, a server that is away, two nodes.
set(here ${CMAKE_CURRENT_LIST_DIR})
schedules_test(mongo_conformance LABEL conformance SERVERS mongo TIMEOUT 900
  SOURCES ${here}/mongo_conformance.cc ${here}/mongo_place.cc $<TARGET_OBJECTS:schedules_store_suites>
  ROOMS store_mongo LIBS mongo::mongoc_shared)
