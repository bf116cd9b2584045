# The admin page (web/): built with npm and compiled in. Without it the program shows its landing page.
if(SCHEDULES_SANITIZE OR SCHEDULES_ONLY)
  set(web_default OFF)  # what is tested there does not need it
else()
  set(web_default ON)
endif()
option(SCHEDULES_WEB "build the admin page and compile it in" ${web_default})

set(SCHEDULES_WEB_ARGUMENTS "")
set(SCHEDULES_WEB_SOURCES "")
if(SCHEDULES_WEB)
  find_program(SCHEDULES_NPM npm)
  if(SCHEDULES_NPM)
    set(SCHEDULES_WEB_ARGUMENTS ${SCHEDULES_NPM})
    file(GLOB_RECURSE SCHEDULES_WEB_SOURCES CONFIGURE_DEPENDS
      ${CMAKE_SOURCE_DIR}/web/src/*.ts ${CMAKE_SOURCE_DIR}/web/src/*.vue ${CMAKE_SOURCE_DIR}/web/src/*.css
      ${CMAKE_SOURCE_DIR}/web/src/*.svg)
    list(APPEND SCHEDULES_WEB_SOURCES ${CMAKE_SOURCE_DIR}/web/index.html ${CMAKE_SOURCE_DIR}/web/package-lock.json
      ${CMAKE_SOURCE_DIR}/web/vite.config.ts)
  else()
    message(WARNING "npm is not installed: the program is built without its admin page (dev/setup installs it)")
  endif()
endif()
