//! One property of the fetch state at a time; `tests/filter/fetch_state.rs` checks all of them with several workers.

use super::*;

const POLICY: KeyPolicy = KeyPolicy {
    timeout: Duration::from_secs(5),
    refresh_interval: Duration::from_secs(600),
    max_stale: Duration::from_secs(86_400),
    respect_cache_control: false,
};

pub(super) fn at(secs: i64) -> SteadyTime {
    SteadyTime::from_millis(secs * 1000)
}

fn generation(number: u64) -> Generation {
    Generation::new(number).unwrap()
}

pub(super) fn fetched(secs: i64) -> FetchState {
    let leased = FetchState::new().acquire(Trigger::Schedule, at(secs), &POLICY).unwrap();
    leased.succeed(at(secs), generation(1), None, 0.5, &POLICY)
}

#[test]
fn a_set_becomes_stale_then_expires() {
    let state = fetched(0);
    for (secs, expected) in
        [(0, Phase::Fresh), (509, Phase::Fresh), (510, Phase::Stale), (86_399, Phase::Stale), (86_400, Phase::Expired)]
    {
        assert_eq!(state.phase(at(secs), &POLICY), expected, "{secs}");
    }
    assert_eq!(FetchState::new().phase(at(0), &POLICY), Phase::Empty);
}

#[test]
fn one_worker_has_the_lease_until_it_runs_out() {
    let leased = FetchState::new().acquire(Trigger::Schedule, at(0), &POLICY).unwrap();
    assert_eq!(leased.phase(at(1), &POLICY), Phase::Fetching);
    assert_eq!(leased.acquire(Trigger::Schedule, at(5), &POLICY), None);
    assert_eq!(leased.acquire(Trigger::Token, at(5), &POLICY), None);
    let next = leased.acquire(Trigger::Schedule, at(6), &POLICY).unwrap();
    assert!(!next.is_leased_as(&leased));
}

#[test]
fn a_refresh_is_due_ahead_of_time() {
    for (jitter, due) in [(0.0, 480), (0.5, 510), (0.999, 539)] {
        let state = FetchState::new().succeed(at(0), generation(1), None, jitter, &POLICY);
        assert_eq!(state.acquire(Trigger::Schedule, at(due - 1), &POLICY), None, "{jitter}");
        assert!(state.acquire(Trigger::Schedule, at(due + 1), &POLICY).is_some(), "{jitter}");
    }
}

#[test]
fn max_age_is_limited_and_used_only_if_configured() {
    let with_max_age = KeyPolicy { respect_cache_control: true, ..POLICY };
    for (policy, max_age, due) in [
        (POLICY, Some(3600), 480),
        (with_max_age, Some(3600), 2880),
        (with_max_age, Some(1), 48),
        (with_max_age, Some(10_000_000), 69_120),
        (KeyPolicy { max_stale: Duration::from_secs(1000), ..with_max_age }, Some(10_000_000), 800),
        (with_max_age, None, 480),
        (
            KeyPolicy {
                refresh_interval: Duration::from_secs(172_800),
                max_stale: Duration::from_secs(259_200),
                ..with_max_age
            },
            None,
            138_240,
        ),
    ] {
        let state = FetchState::new().succeed(at(0), generation(1), max_age.map(Duration::from_secs), 0.0, &policy);
        assert_eq!(state.acquire(Trigger::Schedule, at(due - 1), &policy), None, "{max_age:?}");
        assert!(state.acquire(Trigger::Schedule, at(due), &policy).is_some(), "{max_age:?}");
    }
}

#[test]
fn attempts_back_off_to_a_minute() {
    let mut state = fetched(0);
    let mut now = at(1000);
    for secs in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
        state = state.acquire(Trigger::Schedule, now, &POLICY).unwrap().fail(now, FetchFailure::Status, 0.0);
        let due = now.plus(Duration::from_secs(secs));
        assert_eq!(
            state.acquire(Trigger::Schedule, SteadyTime::from_millis(due.millis() - 1), &POLICY),
            None,
            "{secs}"
        );
        now = due;
    }
}

#[test]
fn tokens_that_no_key_verifies_cause_a_fetch_once_in_ten_seconds() {
    let state = fetched(0);
    let leased = state.acquire(Trigger::Token, at(1), &POLICY).unwrap();
    for ended in
        [leased.succeed(at(1), generation(1), None, 0.0, &POLICY), leased.fail(at(1), FetchFailure::Reset, 0.0)]
    {
        for (secs, permitted) in [(1, false), (10, false), (11, true)] {
            assert_eq!(ended.permits_demand(at(secs)), permitted, "{secs}");
            assert_eq!(ended.acquire(Trigger::Token, at(secs), &POLICY).is_some(), permitted, "{secs}");
        }
    }
}

#[test]
fn the_first_fetch_is_due_even_if_the_clock_starts_at_zero() {
    for trigger in [Trigger::Schedule, Trigger::Request, Trigger::Token, Trigger::LostSet] {
        assert!(FetchState::new().acquire(trigger, at(0), &POLICY).is_some(), "{trigger:?}");
    }
}

#[test]
fn a_lost_set_is_fetched_again_after_the_cool_down() {
    let state = fetched(0);
    for (secs, due) in [(0, false), (9, false), (10, true)] {
        assert_eq!(state.acquire(Trigger::LostSet, at(secs), &POLICY).is_some(), due, "{secs}");
    }
    let failed = state.acquire(Trigger::LostSet, at(10), &POLICY).unwrap().fail(at(10), FetchFailure::Reset, 0.0);
    assert_eq!(failed.acquire(Trigger::LostSet, at(10), &POLICY), None, "a failure still backs off");
    assert!(failed.acquire(Trigger::LostSet, at(11), &POLICY).is_some());
    let failed = (0..6).fold(fetched(0), |state, _| state.fail(at(20), FetchFailure::Reset, 0.0));
    for (secs, due) in [(23, false), (24, true)] {
        assert_eq!(failed.acquire(Trigger::LostSet, at(secs), &POLICY).is_some(), due, "{secs}");
        assert_eq!(failed.acquire(Trigger::Schedule, at(secs), &POLICY), None, "other workers have the set");
    }
}

#[test]
fn attempts_without_usable_keys_are_four_seconds_apart_at_most() {
    let policy = KeyPolicy { max_stale: Duration::from_secs(600), ..POLICY };
    let (empty, expired) = (FetchState::new(), fetched(0));
    for (label, before, start) in [("empty", empty, 0), ("expired", expired, 600)] {
        let mut state = before;
        let mut now = start;
        for wait in [1, 2, 4, 4, 4, 4] {
            state =
                state.acquire(Trigger::Schedule, at(now), &policy).unwrap().fail(at(now), FetchFailure::Status, 0.0);
            let almost = SteadyTime::from_millis((now + wait) * 1000 - 1);
            assert_eq!(state.acquire(Trigger::Schedule, almost, &policy), None, "{label}: {wait} s");
            now += wait;
        }
        assert!(state.acquire(Trigger::Schedule, at(now), &policy).is_some(), "{label}");
    }
    // The last attempts failed while the set could still be used, and the next was due in a minute.
    let failed = (0..8).fold(expired, |state, _| state.fail(at(590), FetchFailure::Status, 0.0));
    for (secs, due) in [(599, false), (600, true)] {
        assert_eq!(failed.acquire(Trigger::Schedule, at(secs), &policy).is_some(), due, "{secs}");
    }
}

#[test]
fn a_request_without_usable_keys_causes_an_attempt_after_two_seconds() {
    let failed = (0..8).fold(FetchState::new(), |state, _| state.fail(at(100), FetchFailure::Status, 0.0));
    for (millis, due) in [(101_999, false), (102_000, true)] {
        let now = SteadyTime::from_millis(millis);
        assert_eq!(failed.acquire(Trigger::Request, now, &POLICY).is_some(), due, "{millis}");
        assert_eq!(failed.acquire(Trigger::Schedule, now, &POLICY), None, "{millis}");
    }
    let usable = (0..8).fold(fetched(90), |state, _| state.fail(at(100), FetchFailure::Status, 0.0));
    assert_eq!(usable.acquire(Trigger::Request, at(110), &POLICY), None, "there are keys");
}

#[test]
fn a_set_may_be_used_for_exactly_one_refresh_interval() {
    let policy = KeyPolicy { max_stale: POLICY.refresh_interval, ..POLICY };
    let state = fetched(0);
    for (secs, expected) in [(509, Phase::Fresh), (510, Phase::Stale), (599, Phase::Stale), (600, Phase::Expired)] {
        assert_eq!(state.phase(at(secs), &policy), expected, "{secs}");
    }
    assert!(state.acquire(Trigger::Schedule, at(510), &policy).is_some(), "it is refreshed before it expires");
}

#[test]
fn a_fetch_that_never_ended_is_unresolved() {
    let state = fetched(0);
    let leased = state.acquire(Trigger::Token, at(1), &POLICY).unwrap();
    for (state, unresolved) in [
        (FetchState::new(), false),
        (state, false),
        (leased, true),
        (leased.release(), true),
        (leased.fail(at(2), FetchFailure::Reset, 0.0), true),
        (leased.succeed(at(2), generation(1), None, 0.0, &POLICY), false),
    ] {
        assert_eq!(state.last_fetch_unresolved(), unresolved, "{state:?}");
    }
}

#[test]
fn a_released_lease_can_be_acquired() {
    let leased = FetchState::new().acquire(Trigger::Schedule, at(0), &POLICY).unwrap();
    let released = leased.release();
    assert!(!released.in_flight(at(0)) && !released.is_leased_as(&leased));
    assert!(released.acquire(Trigger::Schedule, at(0), &POLICY).is_some());
}

#[test]
fn a_timestamp_in_the_future_is_not_plausible() {
    let leased = fetched(0).acquire(Trigger::Token, at(1000), &POLICY).unwrap();
    for (secs, plausible) in [(1000, true), (941, true), (939, false)] {
        assert_eq!(leased.is_plausible(at(secs)), plausible, "{secs}");
    }
    assert!(FetchState::new().is_plausible(at(0)));
}

#[test]
fn shorter_settings_apply_at_once() {
    let state = fetched(0);
    let shorter_interval = KeyPolicy { refresh_interval: Duration::from_secs(60), ..POLICY };
    assert!(state.acquire(Trigger::Schedule, at(1), &shorter_interval).is_some());
    let shorter_max_stale = KeyPolicy { max_stale: Duration::from_secs(600), ..POLICY };
    assert_eq!(state.acquire(Trigger::Schedule, at(1), &shorter_max_stale), None);
    assert!(state.acquire(Trigger::Schedule, at(600), &shorter_max_stale).is_some());
}

#[test]
fn each_class_of_failure_is_reported_once() {
    let mut state = fetched(0);
    let new: Vec<bool> = [FetchFailure::Reset, FetchFailure::Timeout, FetchFailure::Reset, FetchFailure::Timeout]
        .into_iter()
        .map(|failure| {
            let reported = state.already_reported(failure);
            state = state.fail(at(1), failure, 0.0);
            !reported
        })
        .collect();
    assert_eq!(new, [true, true, false, false]);
    assert!(!state.succeed(at(2), generation(1), None, 0.0, &POLICY).already_reported(FetchFailure::Reset));
}

#[test]
fn an_unchanged_set_keeps_the_time_of_its_change() {
    let state = fetched(0);
    assert_eq!(state.succeed(at(9), generation(1), None, 0.0, &POLICY).changed_at(), Some(at(0)));
    assert_eq!(state.succeed(at(9), generation(2), None, 0.0, &POLICY).changed_at(), Some(at(9)));
}

#[test]
fn other_settings_keep_what_the_issuer_asked_for() {
    let policy = KeyPolicy { respect_cache_control: true, ..POLICY };
    let state = FetchState::new().succeed(at(0), generation(1), Some(Duration::from_secs(60)), 0.0, &policy);
    for (policy, due) in [(policy, 48), (POLICY, 480)] {
        let state = state.under(&policy, 0.0);
        assert_eq!(state.acquire(Trigger::Schedule, at(due - 1), &policy), None);
        assert!(state.acquire(Trigger::Schedule, at(due), &policy).is_some());
    }
}
