// Far guard: what a near store knows of events that wait far away.
#include "tests/conformance/event_backend.h"

namespace schedules::testing {

using namespace std::chrono_literals;

TEST_P(FarGuardTest, AClaimTakesTheId) {
  open();
  EXPECT_EQ(claim(sample_event(1)).result, PutResult::created);
  EXPECT_EQ(claim(sample_event(1)).result, PutResult::created) << "the far put decides";
  const auto near = put_one(sample_event(1));
  EXPECT_EQ(near.result, PutResult::exists);
  EXPECT_FALSE(near.existing);
  EXPECT_EQ(counts().pending, 0U);
}

TEST_P(FarGuardTest, AnotherRequestUnderAClaimedIdIsAConflict) {
  open();
  claim(sample_event(1));
  Event other = sample_event(1);
  other.fingerprint = 7;
  EXPECT_EQ(put_one(other).result, PutResult::conflict);
  EXPECT_EQ(claim(other).result, PutResult::conflict);
}

TEST_P(FarGuardTest, AnIdThatWaitsNearCannotBeClaimed) {
  open();
  put_one(sample_event(1));
  const auto outcome = claim(sample_event(1));
  EXPECT_EQ(outcome.result, PutResult::exists);
  ASSERT_TRUE(outcome.existing);
  expect_same(outcome.existing->event, sample_event(1));
  Event other = sample_event(1);
  other.fingerprint = 7;
  EXPECT_EQ(claim(other).result, PutResult::conflict);
}

TEST_P(FarGuardTest, AnIdThatHasEndedCannotBeClaimed) {
  open();
  put_one(sample_event(1));
  settle(begin_due(), State::fired);
  const auto outcome = claim(sample_event(1));
  EXPECT_EQ(outcome.result, PutResult::exists);
  EXPECT_EQ(outcome.existing->state, State::fired);
}

TEST_P(FarGuardTest, ATransferTakesTheClaimsPlace) {
  open();
  claim(sample_event(1));
  EXPECT_EQ(put_one(sample_event(1), PutMode::from_far_store).result, PutResult::created);
  EXPECT_TRUE(put_one(sample_event(1)).existing);
  EXPECT_EQ(put_one(sample_event(1), PutMode::from_far_store).result, PutResult::exists);
  EXPECT_EQ(counts().pending, 1U);
}

TEST_P(FarGuardTest, AClaimIsForgottenAfterItsTime) {
  open();
  claim(sample_event(1), 60s);
  clock.advance(61s);
  EXPECT_EQ(put_one(sample_event(1)).result, PutResult::created);
}

TEST_P(FarGuardTest, WhatIsHeldBackDoesNotComeNear) {
  open();
  hold_back(sample_id(1), 3, 60s);
  Event old = sample_event(1);
  old.revision = 2;
  EXPECT_EQ(put_one(old, PutMode::from_far_store).result, PutResult::conflict);
  EXPECT_FALSE(get(sample_id(1)));
  Event current = old;
  current.revision = 3;
  EXPECT_EQ(put_one(current, PutMode::from_far_store).result, PutResult::created);
}

TEST_P(FarGuardTest, AHoldIsNeverWeakenedAndEndsByItself) {
  open();
  hold_back(sample_id(1), 3, 60s);
  hold_back(sample_id(1), 2, 60s);
  Event old = sample_event(1);
  old.revision = 2;
  EXPECT_EQ(put_one(old, PutMode::from_far_store).result, PutResult::conflict);
  clock.advance(61s);
  EXPECT_EQ(put_one(old, PutMode::from_far_store).result, PutResult::created);
}

TEST_P(FarGuardTest, ACancelledFarEventDoesNotComeNear) {
  open();
  EXPECT_EQ(cancel_far(sample_event(1)).result, ChangeResult::done);
  EXPECT_EQ(put_one(sample_event(1), PutMode::from_far_store).result, PutResult::exists);
  EXPECT_EQ(get(sample_id(1))->state, State::cancelled);
  EXPECT_EQ(counts().pending, 0U);
  EXPECT_EQ(cancel_far(sample_event(1)).result, ChangeResult::already_finished);
}

TEST_P(FarGuardTest, ACancelledFarEventThatCameNearIsCancelled) {
  open();
  put_one(sample_event(1), PutMode::from_far_store);
  EXPECT_EQ(cancel_far(sample_event(1)).result, ChangeResult::done);
  EXPECT_TRUE(window(60s).entries.empty());
  EXPECT_EQ(get(sample_id(1))->state, State::cancelled);
}

TEST_P(FarGuardTest, WhatIsInFlightIsNotCancelled) {
  open();
  put_one(sample_event(1), PutMode::from_far_store);
  const auto begun = begin_due();
  EXPECT_EQ(cancel_far(sample_event(1)).result, ChangeResult::in_flight);
  settle(begun, State::fired);
  EXPECT_EQ(cancel_far(sample_event(1)).result, ChangeResult::already_finished);
}

TEST_P(FarGuardTest, ClaimsAndHoldsSurviveAReopen) {
  open();
  claim(sample_event(1));
  hold_back(sample_id(2), 5, 60s);
  reopen();
  EXPECT_EQ(put_one(sample_event(1)).result, PutResult::exists);
  EXPECT_EQ(put_one(sample_event(2), PutMode::from_far_store).result, PutResult::conflict);
}

}  // namespace schedules::testing
