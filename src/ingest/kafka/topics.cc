#include "ingest/kafka/topics.h"

#include "base/log.h"
#include "model/event.h"

namespace schedules {
namespace {

constexpr std::chrono::milliseconds kTimeout{2'000};
constexpr std::chrono::seconds kTryEvery{5};
// A letter is larger than its record by its reason, and must fit nevertheless.
constexpr size_t kLetterBytes = 2 * kMaxBodyBytes;

}  // namespace

IngestTopics::IngestTopics(kafka::Cluster& cluster, std::string delayed, std::string dead, IngestTopicRules rules,
                           const Clock& clock)
    : cluster_(cluster),
      delayed_{.name = std::move(delayed), .partitions = rules.partitions, .replication = rules.replication},
      dead_{.name = std::move(dead),
            .partitions = 1,
            .replication = rules.replication,
            .settings = {{"max.message.bytes", std::to_string(kLetterBytes)}}},
      rules_(rules),
      clock_(clock),
      settled_(!rules.create) {}

void IngestTopics::ensure() {
  if (settled_ || clock_.steady() < next_try_) return;
  settled_ = make(delayed_) && make(dead_);
  next_try_ = clock_.steady() + kTryEvery;
}

bool IngestTopics::make(const kafka::TopicSpec& spec) const {
  const auto partitions = cluster_.partitions_of(spec.name, kTimeout);
  if (partitions) return true;
  if (partitions.error().code != Code::not_found) {
    log::debug("ingest.topic.unknown", {{"topic", spec.name}, {"error", partitions.error().detail}});
    return partitions.error().code == Code::forbidden;
  }
  const auto made = cluster_.create(spec, kTimeout);
  if (made) {
    log::info("kafka.topic.created", {{"topic", spec.name}});
    return true;
  }
  const bool refused = made.error().code == Code::forbidden || made.error().code == Code::bad_request;
  log::write(refused ? log::Level::error : log::Level::warn, "ingest.topic.not_created",
             {{"topic", spec.name}, {"error", made.error().detail}});
  return refused;
}

}  // namespace schedules
