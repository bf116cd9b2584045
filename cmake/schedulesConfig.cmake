# find_package(schedules) → schedules::schedules. Needs the development packages that dev/setup installs.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
get_filename_component(_schedules_lib "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
get_filename_component(_schedules_root "${_schedules_lib}/.." ABSOLUTE)
if(NOT EXISTS "${_schedules_root}/include/schedules")  # lib/<architecture>
  get_filename_component(_schedules_root "${_schedules_root}/.." ABSOLUTE)
endif()
if(NOT TARGET schedules::schedules)
  add_library(schedules::schedules STATIC IMPORTED)
  set_target_properties(schedules::schedules PROPERTIES
    IMPORTED_LOCATION "${_schedules_lib}/libschedules.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_schedules_root}/include"
    INTERFACE_COMPILE_FEATURES cxx_std_20
    INTERFACE_LINK_LIBRARIES
      "boost_json;boost_system;tomlplusplus;rocksdb;sqlite3;curl;ssl;crypto;hiredis;mongoc-static-1.0;bson-static-1.0;sasl2;rt;resolv;snappy;z;icuuc;mongocrypt;rdkafka;zstd;yaml-cpp;spdlog;fmt;prometheus-cpp-core;Threads::Threads")
endif()
unset(_schedules_lib)
unset(_schedules_root)
