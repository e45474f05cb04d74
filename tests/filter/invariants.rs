//! The life of the keys by itself: several workers change one ledger by compare-and-swap, in any order, each with a
//! reading of the clock that may be a little old. Whatever they do, four things hold.

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

/// What may happen next. Every worker acts on the ledger that it read last, however long ago.
#[derive(Clone, Debug)]
enum Step {
    Wait(u16),
    SetWall(i64),
    Read(usize),
    Claim(usize, Trigger),
    Succeed { worker: usize, news: bool, max_age: Option<u32>, jitter: f64 },
    Fail { worker: usize, failure: FetchFailure, jitter: f64 },
    Die(usize),
    Leave(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let worker = 0..WORKERS;
    let trigger = prop_oneof![Just(Trigger::Schedule), Just(Trigger::UnknownKey), Just(Trigger::LostSet)];
    let failure = proptest::sample::select(&FetchFailure::ALL[..]);
    prop_oneof![
        3 => prop_oneof![0..300_u16, 0..20_000_u16, 50_000..65_000_u16].prop_map(Step::Wait),
        1 => (-90_000_000..90_000_000_i64).prop_map(Step::SetWall),
        4 => worker.clone().prop_map(Step::Read),
        6 => (worker.clone(), trigger).prop_map(|(worker, trigger)| Step::Claim(worker, trigger)),
        3 => (worker.clone(), any::<bool>(), proptest::option::of(0..200_000_u32), 0.0..1.0)
            .prop_map(|(worker, news, max_age, jitter)| Step::Succeed { worker, news, max_age, jitter }),
        2 => (worker.clone(), failure, 0.0..1.0)
            .prop_map(|(worker, failure, jitter)| Step::Fail { worker, failure, jitter }),
        1 => worker.clone().prop_map(Step::Die),
        1 => worker.prop_map(Step::Leave),
    ]
}

/// Of one worker.
struct Worker {
    read: (FetchState, u64),
    /// The lease of its fetch, and when that was claimed.
    fetch: Option<(FetchState, i64)>,
    ring: CurrentKeys,
}

struct Model {
    now: i64,
    wall: i64,
    state: (FetchState, u64),
    workers: Vec<Worker>,
    editions: u64,
    /// What was done, and when.
    confirmed_at: Option<i64>,
    demanded_at: Option<i64>,
    ended_at: Option<(i64, bool)>,
}

impl Model {
    fn new() -> Self {
        let worker = |_| Worker { read: (FetchState::new(), 0), fetch: None, ring: CurrentKeys::none() };
        Self {
            now: 3,
            wall: 1_900_000_000_000,
            state: (FetchState::new(), 0),
            workers: (0..WORKERS).map(worker).collect(),
            editions: 0,
            confirmed_at: None,
            demanded_at: None,
            ended_at: None,
        }
    }

    fn moment(&self) -> Moment {
        Moment { wall: UnixTime::from_millis(self.wall), steady: SteadyTime::from_millis(self.now) }
    }

    fn swap(&mut self, worker: usize, next: FetchState) -> bool {
        let won = self.workers[worker].read.1 == self.state.1;
        if won {
            // As bytes, as it is shared.
            self.state = (FetchState::from_bytes(&next.to_bytes()).expect("a state"), self.state.1 + 1);
        }
        won
    }

    fn read(&mut self, worker: usize) {
        let moment = self.moment();
        let (state, version) = self.state;
        let worker = &mut self.workers[worker];
        worker.read = (state, version);
        let remaining = state.remaining_validity(moment.steady, &POLICY);
        worker.ring.set_remaining_validity(remaining, moment.wall);
        if state.generation().is_some() && worker.ring.set().is_empty() {
            worker.ring.install(KeySet::from_bytes(Key::set(&[key(0, "a")]).to_string().as_bytes()).expect("a set"));
        }
    }

    fn take(&mut self, step: &Step) {
        let now = self.moment().steady;
        match *step {
            Step::Wait(millis) => {
                self.now += i64::from(millis);
                self.wall += i64::from(millis);
            }
            Step::SetWall(by) => self.wall += by,
            Step::Read(worker) => self.read(worker),
            Step::Claim(worker, trigger) => self.claim(worker, trigger),
            Step::Succeed { worker, news, max_age, jitter } => {
                let max_age = max_age.map(|secs| Duration::from_secs(secs.into()));
                self.editions += u64::from(news || self.editions == 0);
                let generation = Generation::new(self.editions).expect("there was one");
                self.end(worker, true, |state| state.succeed(now, generation, max_age, jitter, &POLICY));
            }
            Step::Fail { worker, failure, jitter } => {
                self.end(worker, false, |state| state.fail(now, failure, jitter));
            }
            Step::Die(worker) => {
                self.workers[worker].fetch = None;
                self.workers[worker].ring = CurrentKeys::none();
                self.read(worker);
            }
            Step::Leave(worker) => {
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

    fn claim(&mut self, worker: usize, trigger: Trigger) {
        let (state, _) = self.workers[worker].read;
        let Some(lease) = state.acquire(trigger, self.moment().steady, &POLICY) else { return };
        if self.workers[worker].fetch.is_some() || !self.swap(worker, lease) {
            return;
        }
        if trigger == Trigger::UnknownKey {
            let since = self.demanded_at.map(|at| self.now - at);
            assert!(since.is_none_or(|since| since >= COOL_DOWN.as_millis() as i64), "a fetch inside the cool-down");
            self.demanded_at = Some(self.now);
        } else if let Some((at, succeeded)) = self.ended_at {
            let least = if succeeded { 48_000 } else { 800 };
            let lost = trigger == Trigger::LostSet && self.now - at >= 10_000;
            assert!(self.now - at >= least || lost, "{trigger:?} {} ms after the last fetch", self.now - at);
        }
        // A fetch is over at its time-out at the latest, and one whose worker died is over with it.
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
        assert!(self.swap(worker, next(&self.state.0.clone())), "it was read just now");
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
            // A worker looks again before it refuses anybody; and a ledger that it has just read is never wrong.
            self.read(worker);
            let usable = self.workers[worker].ring.is_usable(self.moment().wall);
            assert_eq!(usable, expected, "worker {worker} decides by keys of the age {age:?}");
        }
    }

    /// Whatever has happened, the keys come when somebody looks after them.
    fn recovers(&mut self) {
        for worker in &mut self.workers {
            worker.fetch = None;
        }
        for _ in 0..=70 {
            self.now += 1000;
            self.wall += 1000;
            self.read(0);
            self.claim(0, Trigger::Schedule);
            let ended = Step::Succeed { worker: 0, news: false, max_age: None, jitter: 0.5 };
            self.take(&ended);
        }
        assert_eq!(self.state.0.phase(self.moment().steady, &POLICY), Phase::Fresh);
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_ledger_keeps_its_promises(steps in vec(step(), 1..200)) {
        let mut model = Model::new();
        for step in &steps {
            model.take(step);
            // Workers that never read are what this is about, so only some steps are followed by a look.
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
