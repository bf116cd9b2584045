# Compiler and linker settings shared by every target.
option(SCHEDULES_TESTS "build the tests" ON)
option(SCHEDULES_BENCH "build the benchmarks" OFF)
# Eight sources of a target in one go: that saves a good part of a build from nothing. Names in anonymous namespaces are therefore
# unique in their room. The debug preset has it off, so there each source must include what it uses.
option(SCHEDULES_UNITY "compile the sources of a target together" OFF)
set(SCHEDULES_SANITIZE "" CACHE STRING "sanitizers, as for -fsanitize=")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
# -g1 keeps line tables for stack traces at a third of the object size.
# The three warnings are wrong about inlined std::string code in g++ 12; the other presets keep them.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

find_program(SCHEDULES_CCACHE ccache)
if(SCHEDULES_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SCHEDULES_CCACHE})
endif()

add_library(schedules_flags INTERFACE)
target_compile_options(schedules_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Wcast-qual -Wunused -Woverloaded-virtual -Wdouble-promotion -Wimplicit-fallthrough -Wno-missing-field-initializers
  -fpch-preprocess -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)  # it collects its garbage from 600 MB on: a tenth of a build's time
  target_compile_options(schedules_flags INTERFACE "SHELL:--param ggc-min-heapsize=600000")
endif()
if(SCHEDULES_UNITY)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 8 CACHE STRING "sources in one go; 0: all of a target")
  target_compile_options(schedules_flags INTERFACE -Wno-subobject-linkage)  # a source is an included file here
endif()
target_include_directories(schedules_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
target_link_options(schedules_flags INTERFACE -fuse-ld=mold)
if(SCHEDULES_SANITIZE)
  target_compile_options(schedules_flags INTERFACE -fsanitize=${SCHEDULES_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all -Wno-tsan -Wno-maybe-uninitialized)
  target_link_options(schedules_flags INTERFACE -fsanitize=${SCHEDULES_SANITIZE})
  target_compile_definitions(schedules_flags INTERFACE SCHEDULES_SANITIZED=1)
endif()

# A control: a build without one of the guards of src/base/guards.h, which dev/chaos --controls must notice. Never to be shipped.
set(SCHEDULES_WITHOUT_GUARD "" CACHE STRING "early, fencing, put_if_absent or transaction")
set_property(CACHE SCHEDULES_WITHOUT_GUARD PROPERTY STRINGS "" early fencing put_if_absent transaction)
if(SCHEDULES_WITHOUT_GUARD AND NOT SCHEDULES_WITHOUT_GUARD MATCHES "^(early|fencing|put_if_absent|transaction)$")
  message(FATAL_ERROR "SCHEDULES_WITHOUT_GUARD is early, fencing, put_if_absent or transaction, not ${SCHEDULES_WITHOUT_GUARD}")
endif()

# Work on a few rooms without the rest: -DSCHEDULES_ONLY="base;time;wheel;unit"
set(SCHEDULES_ONLY "" CACHE STRING "only these rooms and test folders; empty: all")
