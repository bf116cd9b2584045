schedules_test(kafka_sink_conformance LABEL conformance SERVERS kafka BUSY TIMEOUT 600
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/kafka_sink_test.cc ${CMAKE_CURRENT_LIST_DIR}/kafka_sink_outage_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/kafka_secured_test.cc ${CMAKE_CURRENT_LIST_DIR}/kafka_place.cc
  ROOMS sink_kafka LIBS PkgConfig::RDKAFKA)
schedules_test(kafka_ingest_conformance LABEL conformance SERVERS kafka BUSY TIMEOUT 600
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/kafka_ingest_test.cc ${CMAKE_CURRENT_LIST_DIR}/kafka_ingest_group_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/kafka_consumer_test.cc ${CMAKE_CURRENT_LIST_DIR}/kafka_place.cc
  ROOMS ingest_kafka sink_kafka LIBS PkgConfig::RDKAFKA)
