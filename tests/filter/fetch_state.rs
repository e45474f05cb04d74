//! The fetch state alone: several workers change it by compare-and-swap, in any order, each on the basis of the
//! version that it read last. Four things always hold: two fetches are never in flight at once, no fetch is sooner
//! than its interval allows, keys are usable exactly until `max_stale`, and keys come again as soon as a worker
//! fetches.

use std::time::Duration;

use jwt_authorizer::keys::current::CurrentKeys;
use jwt_authorizer::keys::fetch_state::{COOL_DOWN, FetchFailure, FetchState, Generation, KeyPolicy, Phase, Trigger};
use jwt_authorizer::keys::key_set::KeySet;
use jwt_authorizer::time::{Moment, SteadyTime, UnixTime};
use jwt_authorizer_test_support::Key;
use proptest::collection::vec;
use proptest::prelude::*;

use super::cases;
use super::issuer::key;

const WORKERS: usize = 3;
const POLICY: KeyPolicy = KeyPolicy {
    timeout: Duration::from_secs(5),
    refresh_interval: Duration::from_secs(60),
    max_stale: Duration::from_secs(180),
    respect_cache_control: true,
};

/// One event. A worker acts on the state that it read last, however old.
#[derive(Clone, Debug)]
enum Step {
    Wait(u16),
    SetWall(i64),
    Read(usize),
    Acquire(usize, Trigger),
    Succeed { worker: usize, changed: bool, max_age: Option<u32>, jitter: f64 },
    Fail { worker: usize, failure: FetchFailure, jitter: f64 },
    Trap(usize),
    Shutdown(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let worker = 0..WORKERS;
    let trigger =
        prop_oneof![Just(Trigger::Schedule), Just(Trigger::Request), Just(Trigger::Token), Just(Trigger::LostSet)];
    let failure = proptest::sample::select(&FetchFailure::ALL[..]);
    prop_oneof![
        3 => prop_oneof![0..300_u16, 0..20_000_u16, 50_000..65_000_u16].prop_map(Step::Wait),
        1 => (-90_000_000..90_000_000_i64).prop_map(Step::SetWall),
        4 => worker.clone().prop_map(Step::Read),
        6 => (worker.clone(), trigger).prop_map(|(worker, trigger)| Step::Acquire(worker, trigger)),
        3 => (worker.clone(), any::<bool>(), proptest::option::of(0..200_000_u32), 0.0..1.0)
            .prop_map(|(worker, changed, max_age, jitter)| Step::Succeed { worker, changed, max_age, jitter }),
        2 => (worker.clone(), failure, 0.0..1.0)
            .prop_map(|(worker, failure, jitter)| Step::Fail { worker, failure, jitter }),
        1 => worker.clone().prop_map(Step::Trap),
        1 => worker.prop_map(Step::Shutdown),
    ]
}

/// One worker.
struct Worker {
    read: (FetchState, u64),
    /// The lease of its fetch, and when it was acquired.
    fetch: Option<(FetchState, i64)>,
    keys: CurrentKeys,
}

struct Model {
    now: i64,
    wall: i64,
    state: (FetchState, u64),
    workers: Vec<Worker>,
    generations: u64,
    /// When a fetch last succeeded.
    confirmed_at: Option<i64>,
    demanded_at: Option<i64>,
    ended_at: Option<(i64, bool)>,
}

impl Model {
    fn new() -> Self {
        let worker = |_| Worker { read: (FetchState::new(), 0), fetch: None, keys: CurrentKeys::none() };
        Self {
            now: 3,
            wall: 1_900_000_000_000,
            state: (FetchState::new(), 0),
            workers: (0..WORKERS).map(worker).collect(),
            generations: 0,
            confirmed_at: None,
            demanded_at: None,
            ended_at: None,
        }
    }

    fn moment(&self) -> Moment {
        Moment { wall: UnixTime::from_millis(self.wall), steady: SteadyTime::from_millis(self.now) }
    }

    fn swap(&mut self, worker: usize, next: FetchState) -> bool {
        let stored = self.workers[worker].read.1 == self.state.1;
        if stored {
            // Shared data has it as bytes.
            self.state = (FetchState::from_bytes(&next.to_bytes()).expect("a state"), self.state.1 + 1);
        }
        stored
    }

    fn read(&mut self, worker: usize) {
        let moment = self.moment();
        let (state, version) = self.state;
        let worker = &mut self.workers[worker];
        worker.read = (state, version);
        let remaining = state.remaining_validity(moment.steady, &POLICY);
        worker.keys.set_remaining_validity(remaining, moment.wall);
        if state.generation().is_some() && worker.keys.set().is_empty() {
            worker.keys.install(KeySet::from_bytes(Key::set(&[key(0, "a")]).to_string().as_bytes()).expect("a set"));
        }
    }

    fn apply(&mut self, step: &Step) {
        let now = self.moment().steady;
        match *step {
            Step::Wait(millis) => {
                self.now += i64::from(millis);
                self.wall += i64::from(millis);
            }
            Step::SetWall(by) => self.wall += by,
            Step::Read(worker) => self.read(worker),
            Step::Acquire(worker, trigger) => self.acquire(worker, trigger),
            Step::Succeed { worker, changed, max_age, jitter } => {
                let max_age = max_age.map(|secs| Duration::from_secs(secs.into()));
                self.generations += u64::from(changed || self.generations == 0);
                let generation = Generation::new(self.generations).expect("it is not zero");
                self.end(worker, true, |state| state.succeed(now, generation, max_age, jitter, &POLICY));
            }
            Step::Fail { worker, failure, jitter } => {
                self.end(worker, false, |state| state.fail(now, failure, jitter));
            }
            Step::Trap(worker) => {
                self.workers[worker].fetch = None;
                self.workers[worker].keys = CurrentKeys::none();
                self.read(worker);
            }
            Step::Shutdown(worker) => {
                self.read(worker);
                if let Some((lease, _)) = self.workers[worker].fetch.take()
                    && self.state.0.is_leased_as(&lease)
                {
                    let released = self.state.0.release();
                    self.swap(worker, released);
                }
            }
        }
    }

    fn acquire(&mut self, worker: usize, trigger: Trigger) {
        let (state, _) = self.workers[worker].read;
        let Some(lease) = state.acquire(trigger, self.moment().steady, &POLICY) else { return };
        if self.workers[worker].fetch.is_some() || !self.swap(worker, lease) {
            return;
        }
        if trigger == Trigger::Token {
            let since = self.demanded_at.map(|at| self.now - at);
            assert!(since.is_none_or(|since| since >= COOL_DOWN.as_millis() as i64), "a fetch inside the cool-down");
            self.demanded_at = Some(self.now);
        } else if let Some((at, succeeded)) = self.ended_at {
            let least = if succeeded { 48_000 } else { 800 };
            let lost = trigger == Trigger::LostSet && self.now - at >= 10_000;
            assert!(self.now - at >= least || lost, "{trigger:?} {} ms after the last fetch", self.now - at);
        }
        // A fetch ends at its time-out at the latest, and it ends when its worker traps.
        let timeout = POLICY.timeout.as_millis() as i64;
        let others = self.workers.iter().filter_map(|worker| worker.fetch).filter(|(_, at)| self.now < at + timeout);
        assert_eq!(others.count(), 0, "two fetches in flight");
        self.workers[worker].fetch = Some((lease, self.now));
    }

    fn end(&mut self, worker: usize, succeeded: bool, next: impl Fn(&FetchState) -> FetchState) {
        let Some((lease, _)) = self.workers[worker].fetch.take() else { return };
        self.read(worker);
        if !self.state.0.is_leased_as(&lease) {
            return;
        }
        assert!(self.swap(worker, next(&self.state.0.clone())), "the state was read just now");
        self.read(worker);
        self.ended_at = Some((self.now, succeeded));
        if succeeded {
            self.confirmed_at = Some(self.now);
        }
    }

    fn check(&mut self) {
        let (state, _) = self.state;
        let now = self.moment().steady;
        assert!(state.is_plausible(now));
        let age = self.confirmed_at.map(|at| self.now - at);
        let expected = age.is_some_and(|age| age < POLICY.max_stale.as_millis() as i64);
        let phase = state.phase(now, &POLICY);
        assert_eq!(matches!(phase, Phase::Fresh | Phase::Stale), expected, "{phase:?} at the age of {age:?}");
        for worker in 0..WORKERS {
            // A worker syncs before it refuses a request, and then it is right about the keys.
            self.read(worker);
            let usable = self.workers[worker].keys.is_usable(self.moment().wall);
            assert_eq!(usable, expected, "worker {worker} with keys of the age {age:?}");
        }
    }

    /// After any events, the keys come when one worker ticks.
    fn recovers(&mut self) {
        for worker in &mut self.workers {
            worker.fetch = None;
        }
        for _ in 0..=70 {
            self.now += 1000;
            self.wall += 1000;
            self.read(0);
            self.acquire(0, Trigger::Schedule);
            let ended = Step::Succeed { worker: 0, changed: false, max_age: None, jitter: 0.5 };
            self.apply(&ended);
        }
        assert_eq!(self.state.0.phase(self.moment().steady, &POLICY), Phase::Fresh);
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn the_fetch_state_holds_its_invariants(steps in vec(step(), 1..200)) {
        let mut model = Model::new();
        for step in &steps {
            model.apply(step);
            // Checked after some steps only, and the workers get their old reading back: stale readings are the point.
            if matches!(step, Step::Wait(_) | Step::SetWall(_)) {
                let before: Vec<_> = model.workers.iter().map(|worker| worker.read).collect();
                model.check();
                for (worker, read) in model.workers.iter_mut().zip(before) {
                    worker.read = read;
                }
            }
        }
        model.recovers();
    }
}
