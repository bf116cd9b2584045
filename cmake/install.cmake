# `cmake --install`: the program, and the library for find_package(schedules). All rooms but the command line go into
# one archive, so that a consumer links one thing.
include(GNUInstallDirs)

get_property(rooms GLOBAL PROPERTY SCHEDULES_ROOMS)
set(script ${CMAKE_BINARY_DIR}/merge.mri)
set(archive ${CMAKE_BINARY_DIR}/lib/libschedules.a)
set(lines "CREATE ${archive}")
set(archives schedules_pch)
foreach(room ${rooms})
  get_target_property(type ${room} TYPE)
  if(type STREQUAL STATIC_LIBRARY AND NOT room STREQUAL schedules_cli)
    list(APPEND lines "ADDLIB $<TARGET_FILE:${room}>")
    list(APPEND archives ${room})
  endif()
endforeach()
list(APPEND lines SAVE END "")
list(JOIN lines "\n" text)
file(GENERATE OUTPUT ${script} CONTENT "${text}")
add_custom_command(OUTPUT ${archive}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/lib
  COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
  COMMAND ${CMAKE_AR} -M < ${script}
  DEPENDS ${archives} VERBATIM)
add_custom_target(schedules_library ALL DEPENDS ${archive})

include(CMakePackageConfigHelpers)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/schedulesConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/schedulesConfig.cmake ${CMAKE_BINARY_DIR}/schedulesConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/schedules)
install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/schedules DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS schedules RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
