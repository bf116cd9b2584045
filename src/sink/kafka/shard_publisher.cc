#include "sink/kafka/shard_publisher.h"

#include "base/executor.h"
#include "base/guards.h"
#include "base/log.h"
#include "journal/survivors.h"
#include "sink/kafka/message.h"
#include "sink/kafka/verdict.h"

namespace schedules {
namespace {

constexpr Duration kNoteEvery = std::chrono::milliseconds(500);
constexpr auto kTailPatience = std::chrono::milliseconds(30'000);
constexpr size_t kMostBytes = size_t{8} << 20U;  // of bodies in a transaction, about

DeliveryReport disowned() {
  return {.verdict = Verdict::disowned, .error = "the shard is another node's", .counts_against_target = false};
}

kafka::OutgoingRecord end_of(const Delivery& delivery, const std::string& topic, int32_t partition) {
  kafka::OutgoingRecord record{.topic = topic, .key = delivery.event.id.text(), .partition = partition};
  record.headers.emplace_back(journal::kHeader, journal::text_of({journal::Word::fired, delivery.fired_at}));
  return record;
}

}  // namespace

ShardPublisher::ShardPublisher(uint32_t shard, const TransactionalSinkOptions& options, const ShardFacts& facts,
                               kafka::ReaderPool& readers, const Clock& clock,
                               std::function<void(const std::string&)> missing)
    : shard_(shard),
      options_(options),
      facts_(facts),
      readers_(readers),
      clock_(clock),
      missing_(std::move(missing)),
      thread_([this] { run(); }) {}

ShardPublisher::~ShardPublisher() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    ending_ = true;
    wake_.notify_all();
  }
  thread_.join();
}

void ShardPublisher::stop() {
  const std::scoped_lock lock(mutex_);
  stopping_ = true;
  wake_.notify_all();
}

void ShardPublisher::add(std::vector<Item> items) {
  const std::scoped_lock lock(mutex_);
  for (auto& item : items) waiting_.push_back(std::move(item));
  wake_.notify_all();
}

void ShardPublisher::take_over(uint64_t epoch, Done<void> done) {
  const std::scoped_lock lock(mutex_);
  take_overs_.push_back({epoch, std::move(done)});
  wake_.notify_all();
}

void ShardPublisher::take_over_now() {
  std::vector<TakeOver> asked;
  bool stopping = false;
  {
    const std::scoped_lock lock(mutex_);
    asked = std::exchange(take_overs_, {});
    stopping = stopping_;
  }
  for (auto& one : asked) {
    one.done(stopping ? fail(Code::shutting_down, "the scheduler is stopping") : fence(one.epoch));
  }
}

void ShardPublisher::settled(const std::vector<EventId>& ids) {
  const std::scoped_lock lock(mutex_);
  for (const auto& id : ids) unsettled_.settled(id);
}

void ShardPublisher::report_all(std::vector<Item> items, const DeliveryReport& report) {
  for (auto& item : items) item.reported(report);
}

void ShardPublisher::wait_for_more(std::unique_lock<std::mutex>& lock) {
  const auto now = clock_.steady();
  const auto many = [this] { return stopping_ || waiting_.size() >= options_.many; };
  const auto at_least = std::max(now, committed_at_ + options_.short_pause);
  const auto at_most = std::max(now + options_.linger, committed_at_ + options_.pause);
  wake_.wait_for(lock, at_least - now, [this] { return stopping_; });
  wake_.wait_for(lock, at_most - std::max(at_least, now), many);
}

std::vector<ShardPublisher::Item> ShardPublisher::take_some() {
  std::vector<Item> items;
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, kNoteEvery, [this] { return ending_ || !waiting_.empty() || !take_overs_.empty(); });
  if (waiting_.empty()) return items;
  wait_for_more(lock);
  size_t bytes = 0;
  while (!waiting_.empty() && items.size() < options_.most && bytes < kMostBytes) {
    bytes += waiting_.front().delivery.event.body.size();
    items.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return items;
}

void ShardPublisher::run() {
  name_this_thread(fmt::format("kafka-shard-{}", shard_));
  for (;;) {
    auto items = take_some();
    take_over_now();
    bool stopping = false;
    {
      const std::scoped_lock lock(mutex_);
      stopping = stopping_;
    }
    if (stopping) {
      report_all(std::move(items), report_of(fail(Code::shutting_down, "the scheduler is stopping")));
      const std::scoped_lock lock(mutex_);
      if (ending_ && waiting_.empty() && take_overs_.empty()) break;
      continue;
    }
    if (!items.empty()) publish(std::move(items));
    note();
  }
}

// One epoch at a time: what was begun under an older one is another owner's by now.
void ShardPublisher::publish(std::vector<Item> items) {
  const auto epoch = facts_.epoch_of(shard_);
  if (!epoch) return report_all(std::move(items), disowned());
  if (auto is_ready = ready(*epoch); !is_ready) {
    const bool stale = is_ready.error().code == Code::stale_epoch;
    if (!stale)
      log::warn("kafka.shard_not_ready", {{"shard", std::to_string(shard_)}, {"error", is_ready.error().detail}});
    return report_all(std::move(items),
                      stale ? disowned() : report_of(fail(Code::unavailable, "{}", is_ready.error().detail)));
  }
  items = sift(std::move(items), *epoch);
  if (!items.empty()) run_transaction(std::move(items));
}

// The order is what makes it exact: open fences every older owner; only if our lease holds after that are we the newest one, and
// every newer one fences us; then what they committed is final, and read.
Status ShardPublisher::ready(uint64_t epoch) {
  if (producer_ && epoch_ == epoch && producer_->usable()) return {};
  if (auto fenced = fence(epoch); !fenced) return fenced;
  const auto partition = facts_.journal_partition_of(shard_);
  if (!partition) return fail(partition.error());
  partition_ = *partition;
  if (facts_.epoch_of(shard_) != epoch) return fail(Code::stale_epoch, "the lease of shard {} has ended", shard_);
  if (auto read = read_tail(*partition); !read) return read;
  epoch_ = epoch;
  return {};
}

Status ShardPublisher::fence(uint64_t epoch) {
  if (fenced_ == epoch) return fail(Code::stale_epoch, "shard {} was fenced", shard_);
  if (producer_ && fences_ == epoch && producer_->usable()) return {};
  producer_.reset();
  fences_.reset();
  epoch_.reset();
  {
    const std::scoped_lock lock(mutex_);
    known_ = false;
  }
  auto opened = kafka::TransactionalProducer::open(options_.kafka.cluster,
                                                   {.id = fmt::format("{}.{}", options_.id_prefix, shard_),
                                                    .timeout = options_.kafka.producer.message_timeout,
                                                    .transaction_timeout = options_.transaction_timeout,
                                                    .max_record_bytes = options_.kafka.producer.max_record_bytes});
  if (!opened) return fail(opened.error());
  producer_ = std::move(*opened);
  fences_ = epoch;
  return {};
}

// What earlier owners published, and maybe died before they could settle.
Status ShardPublisher::read_tail(int32_t partition) {
  const auto from = facts_.unsettled_from(shard_);
  if (!from) return fail(from.error());
  auto reader = readers_.take();
  if (!reader) return fail(std::move(reader.error()));
  const auto span = (*reader)->span(options_.journal_topic, partition);
  if (!span) return fail(span.error());
  journal::Survivors seen;
  const int64_t begin = std::clamp(from->value_or(span->begin), span->begin, span->end);
  auto read = (*reader)->read(
      options_.journal_topic, partition, begin, span->end, journal::kHeader, kTailPatience,
      [&](const kafka::RecordView& record) {
        const auto id = parse_id(record.key);
        if (!id || facts_.shard_of(*id) != shard_) return;
        seen.see(*id, record.offset, record.value.has_value(), journal::said_by(record.header));
      },
      [this] {
        const std::scoped_lock lock(mutex_);
        return stopping_;
      });
  if (!read) return read;
  readers_.give_back(std::move(*reader));
  std::vector<EventId> ids;
  for (const auto& [id, fired] : seen.fired()) ids.push_back(id);
  Result<std::vector<EventId>> waiting = std::vector<EventId>{};
  if (!ids.empty()) waiting = facts_.still_waiting(std::move(ids));
  if (!waiting) return fail(waiting.error());
  const std::scoped_lock lock(mutex_);
  unsettled_.begin_at(span->end);
  for (const auto& id : *waiting) unsettled_.add(id, seen.fired().at(id).offset);
  noted_.reset();
  known_ = true;
  if (!waiting->empty()) {
    log::info("kafka.shard_already_published",
              {{"shard", std::to_string(shard_)}, {"events", std::to_string(waiting->size())}});
  }
  return {};
}

std::vector<ShardPublisher::Item> ShardPublisher::sift(std::vector<Item> items, uint64_t epoch) {
  std::vector<Item> left;
  for (auto& item : items) {
    if (item.delivery.event.begun_epoch != epoch) {
      item.reported(disowned());
      continue;
    }
    std::optional<int64_t> before;
    {
      const std::scoped_lock lock(mutex_);
      before = unsettled_.offset_of(item.delivery.event.id);
    }
    if (before) {
      item.reported({.position = fmt::format("journal:{}", *before)});
    } else {
      left.push_back(std::move(item));
    }
  }
  return left;
}

kafka::Transaction ShardPublisher::publish_with_ends(const std::vector<Item>& items) {
  std::vector<kafka::OutgoingRecord> records;
  std::vector<kafka::OutgoingRecord> ends;
  records.reserve(2 * items.size());
  for (const auto& item : items) records.push_back(record_of(item.delivery));
  for (const auto& item : items) ends.push_back(end_of(item.delivery, options_.journal_topic, partition_));
  if (guards::kTransaction) {
    std::ranges::move(ends, std::back_inserter(records));
    return producer_->publish(records);
  }
  auto published = producer_->publish(records);
  if (published.end != kafka::Transaction::End::committed) return published;
  std::ranges::move(producer_->publish(ends).records, std::back_inserter(published.records));
  return published;
}

void ShardPublisher::run_transaction(std::vector<Item> items) {
  auto transaction = publish_with_ends(items);
  switch (transaction.end) {
    case kafka::Transaction::End::committed:
      committed_at_ = clock_.steady();
      return committed(std::move(items), transaction);
    case kafka::Transaction::End::aborted:
      return aborted(std::move(items), transaction);
    case kafka::Transaction::End::fenced:
      fenced_ = epoch_;
      log::warn("kafka.shard_fenced", {{"shard", std::to_string(shard_)}, {"events", std::to_string(items.size())}});
      return report_all(std::move(items), disowned());
    case kafka::Transaction::End::unknown:
      break;
  }
  // Never sent again without knowing: a new producer settles the transaction, and the journal's tail tells how.
  log::warn("kafka.commit_unknown", {{"shard", std::to_string(shard_)},
                                     {"events", std::to_string(items.size())},
                                     {"error", transaction.error.detail}});
  const uint64_t epoch = epoch_.value_or(0);
  if (auto again = ready(epoch); !again) {
    const bool stale = again.error().code == Code::stale_epoch;
    return report_all(std::move(items),
                      stale ? disowned() : report_of(fail(Code::unavailable, "{}", transaction.error.detail)));
  }
  auto left = sift(std::move(items), epoch);
  report_all(std::move(left), report_of(fail(Code::unavailable, "{}", transaction.error.detail)));
}

void ShardPublisher::committed(std::vector<Item> items, const kafka::Transaction& transaction) {
  {
    const std::scoped_lock lock(mutex_);
    for (size_t i = 0; i < items.size(); ++i) {
      const auto& end = transaction.records[items.size() + i];
      unsettled_.add(items[i].delivery.event.id, end ? end->offset : 0);
    }
  }
  for (size_t i = 0; i < items.size(); ++i) items[i].reported(report_of(transaction.records[i]));
}

DeliveryReport ShardPublisher::judge(const Item& item, const Result<kafka::Position>& result) {
  if (result) return {};
  auto report = report_of(result);
  if (result.error().code != Code::not_found) return report;
  // It was there a while ago. Whether it may be made again is for the next try to find out.
  missing_(item.delivery.event.topic);
  if (options_.kafka.topics.create) report.verdict = Verdict::retry;
  return report;
}

// One record may have spoiled it for all: it is judged, and the others go again without it. Where several were refused together
// for what one of them may be guilty of, each is tried alone.
void ShardPublisher::aborted(std::vector<Item> items, const kafka::Transaction& transaction) {
  log::warn("kafka.transaction_aborted", {{"shard", std::to_string(shard_)},
                                          {"events", std::to_string(items.size())},
                                          {"error", transaction.error.detail}});
  std::vector<Item> others;
  std::vector<Item> suspects;
  bool judged = false;
  for (size_t i = 0; i < items.size(); ++i) {
    const auto& result = transaction.records[i];
    const auto report = judge(items[i], result);
    if (report.verdict != Verdict::rejected) {
      others.push_back(std::move(items[i]));
    } else if (is_worth_a_try_alone(result) && items.size() > 1) {
      suspects.push_back(std::move(items[i]));
      judged = true;
    } else {
      items[i].reported(report);
      judged = true;
    }
  }
  if (!judged) {
    const auto why = report_of(fail(Code::unavailable, "{}", transaction.error.detail));
    return report_all(std::move(others), why);
  }
  const uint64_t epoch = epoch_.value_or(0);
  const auto go = [&](std::vector<Item> some) {
    if (some.empty()) return;
    if (auto again = ready(epoch); !again) {
      const bool stale = again.error().code == Code::stale_epoch;
      return report_all(std::move(some),
                        stale ? disowned() : report_of(fail(Code::unavailable, "{}", again.error().detail)));
    }
    run_transaction(std::move(some));
  };
  go(std::move(others));
  for (auto& suspect : suspects) {
    std::vector<Item> alone;
    alone.push_back(std::move(suspect));
    go(std::move(alone));
  }
}

void ShardPublisher::note() {
  int64_t from = 0;
  {
    const std::scoped_lock lock(mutex_);
    const auto now = clock_.steady();
    if (!known_ || now - noted_at_ < kNoteEvery || noted_ == unsettled_.from()) return;
    from = unsettled_.from();
    noted_ = from;
    noted_at_ = now;
  }
  // Only while the shard is ours: the next owner has its own view of it.
  if (epoch_ && facts_.epoch_of(shard_) == epoch_) facts_.note_unsettled_from(shard_, *epoch_, from);
}

}  // namespace schedules
