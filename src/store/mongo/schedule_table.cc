#include "store/mongo/schedule_table.h"

#include <algorithm>
#include <map>

#include "base/ids.h"
#include "mongo/errors.h"
#include "store/mongo/field_reader.h"
#include "store/mongo/layout.h"
#include "store/mongo/schedule_document.h"

namespace schedules {
namespace {

using mongo::Array;
using mongo::Document;
using mongo::Value;

constexpr size_t kIdsPerQuery = 1'000;

Document with_id(const std::string& id) { return {{"_id", mongo::ObjectId{id}}}; }

Error name_taken(const Schedule& schedule) {
  return Error{.code = Code::already_exists,
               .detail = fmt::format("another schedule is called \"{}\"", schedule.name),
               .field = "name"};
}

Error told(Error error, const Schedule& schedule) {
  if (error.code != Code::already_exists) return error;
  if (mongo::is_duplicate_of(error, "_id_")) {
    return Error{.code = Code::already_exists, .detail = fmt::format("schedule {} exists", schedule.id), .field = "id"};
  }
  return name_taken(schedule);
}

/// Only asked where no unique index does it.
Status name_is_free(mongo::Connection& mongo, const Schedule& schedule, bool names_guarded) {
  if (names_guarded) return {};
  const auto taken = mongo.count(collections::kSchedules,
                                 {{"name", schedule.name}, {"_id", Document{{"$ne", mongo::ObjectId{schedule.id}}}}});
  if (!taken) return fail(taken.error());
  if (*taken > 0) return fail(name_taken(schedule));
  return {};
}

/// The document, also of one whose _id is none of ours; its bytes.
Result<std::optional<std::string>> document_of(mongo::Connection& mongo, const std::string& id) {
  auto found = mongo.find_one({.collection = collections::kSchedules, .filter = with_id(id)});
  if (!found || *found) return found;
  return mongo.find_one({.collection = collections::kSchedules, .filter = {{"bookkeeping.alias", id}}});
}

// Every letter as itself, whatever it means in a pattern.
std::string pattern_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
    if (!plain) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

Document filter_of(const ScheduleFilter& filter) {
  Document out;
  const Document refused{{"bookkeeping.refused", Document{{"$exists", true}}}};
  if (filter.status == ScheduleStatus::disabled) {
    out.add("$or", Array{Document{{"status", "disabled"}}, refused});
  } else if (filter.status) {
    out.add("status", to_string(*filter.status)).add("bookkeeping.refused", Document{{"$exists", false}});
  }
  if (filter.event_type) out.add("event_type", *filter.event_type);
  if (filter.event_action) out.add("event_action", *filter.event_action);
  if (filter.tag) out.add("tags", *filter.tag);
  if (filter.owner && filter.owner->empty()) {
    out.add("owner", Document{{"$in", Array{"", nullptr}}});
  } else if (filter.owner) {
    out.add("owner", *filter.owner);
  }
  if (filter.name_contains) {
    out.add("name", Document{{"$regex", pattern_of(*filter.name_contains)}, {"$options", "i"}});
  }
  return out;
}

const char* field_of(ScheduleOrder order) {
  switch (order) {
    case ScheduleOrder::created_at:
      return "created_at";
    case ScheduleOrder::name:
      return "name";
    case ScheduleOrder::next_execution:
      return "next_execution";
    case ScheduleOrder::last_execution:
      return "last_execution";
    case ScheduleOrder::execution_count:
      return "execution_count";
    case ScheduleOrder::error_count:
      return "error_count";
  }
  return "_id";
}

/// Those that have what is sorted by; the others come behind them. Absent where all have it.
std::optional<Document> having(ScheduleOrder order) {
  if (order != ScheduleOrder::next_execution && order != ScheduleOrder::last_execution) return std::nullopt;
  Document out{{field_of(order), Document{{"$type", "date"}}}};
  if (order == ScheduleOrder::next_execution) {
    out.add("status", "active").add("bookkeeping.refused", Document{{"$exists", false}});
  }
  return out;
}

/// Ids in their order; a sort of whole documents could take more memory than MongoDB gives it.
struct SortedIds {
  std::vector<std::string> keys;  ///< as documents of an _id, since other programs' ids may be of any type
  Array ids;

  Result<size_t> add(mongo::Connection& mongo, mongo::Query query) {
    const size_t before = keys.size();
    query.collection = collections::kSchedules;
    query.projection = {{"_id", 1}};
    auto done = mongo.find(query, [&](std::string_view document) -> Status {
      const auto id = mongo::find(document, "_id");
      if (!id) return {};
      keys.push_back(Document{{"_id", *id}}.bytes());
      ids.add(*id);
      return {};
    });
    if (!done) return fail(std::move(done.error()));
    return keys.size() - before;
  }
};

Result<SortedIds> sorted_ids(mongo::Connection& mongo, const ScheduleFilter& filter) {
  const int direction = filter.descending ? -1 : 1;
  const Document by_id{{"_id", direction}};
  const Document by_field{{field_of(filter.order), direction}, {"_id", direction}};
  const Document matching = filter_of(filter);
  SortedIds sorted;
  const auto wanted = having(filter.order);
  const Document first = wanted ? Document{{"$and", Array{matching, *wanted}}} : matching;
  auto found = sorted.add(mongo, {.filter = first, .sort = by_field, .skip = filter.skip, .limit = filter.limit});
  if (!found) return fail(std::move(found.error()));
  if (!wanted || *found == filter.limit) return sorted;
  // The others fill the page up; how many of the first there are, the page says unless it lies behind them.
  uint64_t firsts = filter.skip + *found;
  if (*found == 0 && filter.skip > 0) {
    const auto counted = mongo.count(collections::kSchedules, first);
    if (!counted) return fail(counted.error());
    firsts = *counted;
  }
  auto others = sorted.add(mongo, {.filter = {{"$and", Array{matching, Document{{"$nor", Array{*wanted}}}}}},
                                   .sort = by_id,
                                   .skip = filter.skip - std::min(filter.skip, firsts),
                                   .limit = filter.limit - *found});
  if (!others) return fail(std::move(others.error()));
  return sorted;
}

Result<std::vector<Schedule>> find_by_creation(mongo::Connection& mongo, const ScheduleFilter& filter) {
  const int direction = filter.descending ? -1 : 1;
  std::vector<Schedule> schedules;
  auto done = mongo.find({.collection = collections::kSchedules,
                          .filter = filter_of(filter),
                          .sort = {{"created_at", direction}, {"_id", direction}},
                          .projection = {},
                          .skip = filter.skip,
                          .limit = filter.limit},
                         [&](std::string_view document) -> Status {
                           schedules.push_back(read_schedule(document).schedule);
                           return {};
                         });
  if (!done) return fail(std::move(done.error()));
  // Dates are in milliseconds; within one, in the order of the exact times.
  std::ranges::stable_sort(schedules, [&](const Schedule& a, const Schedule& b) {
    return filter.descending ? b.created_at < a.created_at : a.created_at < b.created_at;
  });
  return schedules;
}

mongo::Write plan_of(const Schedule& schedule) {
  const auto micros = [](const std::optional<TimePoint>& time) -> Value {
    return time ? Value(to_micros(*time)) : Value(nullptr);
  };
  Document filter = with_id(schedule.id);
  filter.add("revision", schedule.revision);
  if (schedule.planned_until) {
    // Nodes that plan the same schedule may be late with it: what is planned stays planned.
    filter.add("$or",
               Array{Document{{"bookkeeping.planned_until", nullptr}},
                     Document{{"bookkeeping.planned_until", Document{{"$lte", to_micros(*schedule.planned_until)}}}}});
  }
  Document set{{"next_execution", schedule.next_execution},
               {"bookkeeping.next", micros(schedule.next_execution)},
               {"bookkeeping.planned_until", micros(schedule.planned_until)},
               {"bookkeeping.planned_count", schedule.planned_count}};
  if (schedule.status == ScheduleStatus::completed) {
    filter.add("status", "active");  // one that was paused in the document meanwhile stays paused
    set.add("status", "completed").add("bookkeeping.status", "completed");
  }
  return {.filter = std::move(filter), .document = {{"$set", set}}};
}

mongo::Write definition_plan_of(const Schedule& schedule) {
  return {.filter = {{"schedule_id", schedule.id}},
          .document = {{"$set", Document{{"next_execution_at", schedule.next_execution}}}}};
}

}  // namespace

Result<Schedule> insert_schedule(mongo::Connection& mongo, const Schedule& schedule, bool names_guarded) {
  if (!is_object_id(schedule.id)) return fail_field(Code::invalid_argument, "id", "is not 24 hex digits");
  if (auto free = name_is_free(mongo, schedule, names_guarded); !free) return fail(std::move(free.error()));
  Document document = with_id(schedule.id);
  append_fields(document, written_fields(schedule));
  append_fields(document, counters_of(schedule));
  document.add("bookkeeping", bookkeeping_of(schedule));
  const auto stored = mongo.insert(collections::kSchedules, std::move(document));
  if (!stored) return fail(told(stored.error(), schedule));
  return schedule;
}

Result<Schedule> replace_schedule(mongo::Connection& mongo, const Schedule& schedule, bool names_guarded) {
  if (auto free = name_is_free(mongo, schedule, names_guarded); !free) return fail(std::move(free.error()));
  Schedule next = schedule;
  next.revision = schedule.revision + 1;
  Document set = written_fields(next);
  set.add("bookkeeping", bookkeeping_of(next));
  if (schedule.last_error && schedule.last_error->starts_with(kRefused)) set.add("last_error", nullptr);
  Document filter = with_id(schedule.id);
  filter.add("revision", schedule.revision);
  const auto stored = mongo.find_and_modify({.collection = collections::kSchedules,
                                             .filter = std::move(filter),
                                             .update = {{"$set", set}},
                                             .projection = {}});
  if (!stored) return fail(told(stored.error(), schedule));
  if (*stored) return read_schedule(**stored).schedule;
  const auto there = mongo.find_one({.collection = collections::kSchedules, .filter = with_id(schedule.id)});
  if (!there) return fail(there.error());
  if (!*there) return fail(Code::not_found, "there is no schedule {}", schedule.id);
  return fail(Code::revision_conflict, "schedule {} is at revision {}, not {}", schedule.id,
              read_schedule(**there).schedule.revision, schedule.revision);
}

Result<std::optional<Schedule>> get_schedule(mongo::Connection& mongo, const std::string& id, TakeOver& take_over) {
  if (!is_object_id(id)) return std::nullopt;
  const auto found = document_of(mongo, id);
  if (!found) return fail(found.error());
  if (!*found) return std::nullopt;
  auto taken = take_over.look_at(mongo, **found);
  if (!taken) return fail(std::move(taken.error()));
  return std::move(*taken);
}

Result<std::vector<Schedule>> find_schedules(mongo::Connection& mongo, const ScheduleFilter& filter) {
  if (filter.order == ScheduleOrder::created_at) return find_by_creation(mongo, filter);
  const auto sorted = sorted_ids(mongo, filter);
  if (!sorted) return fail(sorted.error());
  std::map<std::string, Schedule> found;
  auto done = mongo.find({.collection = collections::kSchedules, .filter = {{"_id", Document{{"$in", sorted->ids}}}}},
                         [&](std::string_view document) -> Status {
                           found.insert_or_assign(Document{{"_id", *mongo::find(document, "_id")}}.bytes(),
                                                  read_schedule(document).schedule);
                           return {};
                         });
  if (!done) return fail(std::move(done.error()));
  std::vector<Schedule> schedules;
  for (const auto& key : sorted->keys) {
    if (const auto one = found.find(key); one != found.end()) schedules.push_back(std::move(one->second));
  }
  return schedules;
}

Result<uint64_t> count_schedules(mongo::Connection& mongo, const ScheduleFilter& filter) {
  return mongo.count(collections::kSchedules, filter_of(filter));
}

Result<bool> remove_schedule(mongo::Connection& mongo, const std::string& id) {
  if (!is_object_id(id)) return false;
  auto removed = mongo.remove(collections::kSchedules, with_id(id));
  if (removed && removed->removed == 0) removed = mongo.remove(collections::kSchedules, {{"bookkeeping.alias", id}});
  if (!removed) return fail(std::move(removed.error()));
  return removed->removed > 0;
}

Result<std::vector<Schedule>> due_schedules(mongo::Connection& mongo, TimePoint until, size_t limit,
                                            TakeOver& take_over) {
  std::vector<std::string> wanting;
  std::vector<Schedule> due;
  auto done = mongo.find({.collection = collections::kSchedules,
                          .filter = {{"status", "active"}, {"next_execution", Document{{"$lte", queryable(until)}}}},
                          .sort = {{"next_execution", 1}, {"_id", 1}},
                          .projection = {},
                          .limit = limit},
                         [&](std::string_view document) -> Status {
                           auto read = read_schedule(document);
                           if (read.wants_a_look()) {
                             wanting.emplace_back(document);
                           } else {
                             due.push_back(std::move(read.schedule));
                           }
                           return {};
                         });
  if (!done) return fail(std::move(done.error()));
  for (const auto& document : wanting) {
    auto taken = take_over.look_at(mongo, document);
    if (!taken) return fail(std::move(taken.error()));
    if (taken->has_value() && (*taken)->status == ScheduleStatus::active) due.push_back(std::move(**taken));
  }
  std::erase_if(due, [&](const Schedule& s) { return !s.next_execution || *s.next_execution > until; });
  std::ranges::sort(due, {}, [](const Schedule& s) { return std::tie(*s.next_execution, s.id); });
  return due;
}

Result<std::vector<Schedule>> watched_schedules(mongo::Connection& mongo, const std::string& after, size_t limit) {
  std::vector<Schedule> found;
  // Only ids that are ObjectIds: others are of documents that cannot be used.
  static const std::string first(24, '0');
  Document filter{{"_id", Document{{"$gt", mongo::ObjectId{after.empty() ? first : after}}}}};
  filter.add("$or",
             Array{Document{{"status", "active"}}, Document{{"status", "completed"}, {"last_status", "failure"}}});
  auto done = mongo.find({.collection = collections::kSchedules,
                          .filter = std::move(filter),
                          .sort = {{"_id", 1}},
                          .projection = {},
                          .limit = limit},
                         [&](std::string_view document) -> Status {
                           found.push_back(read_schedule(document).schedule);
                           return {};
                         });
  if (!done) return fail(std::move(done.error()));
  return found;
}

Status mark_schedules(mongo::Connection& mongo, const std::vector<Schedule>& schedules) {
  std::vector<mongo::Write> plans;
  std::vector<mongo::Write> definitions;
  for (const auto& schedule : schedules) {
    plans.push_back(plan_of(schedule));
    if (!schedule.owner.empty()) definitions.push_back(definition_plan_of(schedule));
  }
  auto done = mongo.write(collections::kSchedules, plans, mongo::Order::any);
  if (done) done = mongo.write(collections::kDefinitions, definitions, mongo::Order::any);
  if (!done) return fail(std::move(done.error()));
  return {};
}

Result<std::vector<ScheduleRevision>> schedule_revisions(mongo::Connection& mongo,
                                                         const std::vector<std::string>& ids) {
  std::vector<ScheduleRevision> found;
  for (size_t start = 0; start < ids.size(); start += kIdsPerQuery) {
    Array some;
    for (size_t i = start; i < std::min(ids.size(), start + kIdsPerQuery); ++i) {
      if (is_object_id(ids[i])) some.add(mongo::ObjectId{ids[i]});
    }
    auto done = mongo.find(
        {.collection = collections::kSchedules,
         .filter = {{"_id", Document{{"$in", some}}}},
         .sort = {},
         .projection = {{"revision", 1}, {"status", 1}, {"bookkeeping.refused", 1}}},
        [&](std::string_view document) -> Status {
          const auto id = mongo::find(document, "_id");
          const auto revision = mongo::find(document, "revision");
          const auto known = revision ? revision->integer().value_or(0) : 0;
          if (!id || !id->object_id() || known <= 0) return {};  // replaced by another program
          const auto status = mongo::find(document, "status");
          const auto text = status ? status->text() : std::nullopt;
          const auto read = text ? parse_schedule_status(*text) : std::nullopt;
          const bool refused = mongo::find(document, "bookkeeping.refused").has_value() || !read;
          found.push_back({*id->object_id(), static_cast<uint64_t>(known), refused ? ScheduleStatus::disabled : *read});
          return {};
        });
    if (!done) return fail(std::move(done.error()));
  }
  return found;
}

}  // namespace schedules
