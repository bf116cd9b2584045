// Parts that writing and reading a schedule's document share. Only for this room's sources.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/schedule.h"
#include "mongo/bson.h"

namespace schedules {

/// Beyond it a payload is kept as text alone: MongoDB takes 16 MiB a document.
inline constexpr size_t kMostVisibleBytes = size_t{10} << 20U;

/// Of all that decides when it fires but status and plan; of everything else.
int64_t rule_hash(const Schedule& schedule);
int64_t template_hash(const Schedule& schedule);

/// The payload as other programs see it; nullopt where BSON cannot hold it.
std::optional<mongo::Document> visible_payload(const std::string& payload);
/// The headers as other programs see them: those whose names BSON can hold, each once.
mongo::Document visible_headers(const Headers& headers);
/// Those of a document as visible_headers makes it; nullopt where something is not text.
std::optional<Headers> headers_in(std::string_view document);

}  // namespace schedules
