schedules_test(journal_conformance LABEL conformance SERVERS kafka BUSY TIMEOUT 600
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/journal_test.cc ${CMAKE_CURRENT_LIST_DIR}/journal_sink_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/kafka_place.cc
  ROOMS journal_kafka journal sink_kafka LIBS PkgConfig::RDKAFKA)
