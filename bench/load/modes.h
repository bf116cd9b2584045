// What schedules_load can do. Each mode prints one JSON line of figures.
#pragma once

#include "load/http_client.h"
#include "load/options.h"

namespace schedules::load {

/// Read by every mode: --server URL, --pid PID of the server (to tell its share of the processor).
struct Common {
  Address server;
  int64_t pid = 0;
  std::string name;
};

void ingest_batch(const Common& common, Options& options);   ///< NDJSON batches, due in hours
void ingest_single(const Common& common, Options& options);  ///< one event a call, due in hours
void burst(const Common& common, Options& options);          ///< all due at one instant, seen on the stream
void webhook(const Common& common, Options& options);        ///< all due at one instant, seen at one URL
void lateness(const Common& common, Options& options);       ///< a steady rate, seen on the stream
void list(const Common& common, Options& options);           ///< the first page
void probe(const Common& common, Options& options);          ///< until a new event is seen to fire
void respond(const Common& common, Options& options);        ///< answers everything and does nothing

}  // namespace schedules::load
