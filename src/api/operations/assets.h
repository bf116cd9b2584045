// Texts that are compiled in: made from api/openapi.yaml and from the pages beside this file by embed.py.
#pragma once

#include <string_view>

namespace schedules::api::assets {

std::string_view openapi_json();
std::string_view docs_html();
std::string_view landing_html();

}  // namespace schedules::api::assets
