// What nearly every test includes, beside what every room does.
#pragma once
#include "pch.h"

#include <gtest/gtest.h>
