// One function per command: adds it, with its options, to the program.
#pragma once

#include "cli/session.h"

namespace schedules::cli {

void add_serve(CLI::App& root, Session& session);
void add_next(CLI::App& root, Session& session);
void add_event(CLI::App& root, Session& session);
void add_schedule(CLI::App& root, Session& session);
void add_definitions(CLI::App& root, Session& session);
void add_import(CLI::App& root, Session& session);
void add_tail(CLI::App& root, Session& session);
void add_dead(CLI::App& root, Session& session);
void add_status(CLI::App& root, Session& session);
void add_doctor(CLI::App& root, Session& session);
void add_migrate(CLI::App& root, Session& session);
void add_config(CLI::App& root, Session& session);
void add_token(CLI::App& root, Session& session);

}  // namespace schedules::cli
