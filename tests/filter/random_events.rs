//! The whole process under random events in any order: requests, responses, ends of workers, steps of the wall clock,
//! and accesses to shared data by several workers at once. No request is allowed by keys that are too old, withdrawn,
//! or of another provider; none waits too long, and none waits whose key its worker has; no two fetches of one provider
//! are in flight; tokens that no key verifies cause one fetch in ten seconds at most; and in the end all requests are
//! allowed again within seconds.

use std::collections::BTreeMap;
use std::time::Duration;

use jwt_authorizer::filter::FetchResponse;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::cases;
use super::issuer::{PATHS, failure, key, keys_named, policy, token, token_by};
use super::simulation::{START, Simulation};

const WORKERS: usize = 3;
const MAX_STALE: i64 = 90_000;
/// 80 % of the refresh interval of 30 s.
const SOONEST_REFRESH: i64 = 24_000;
const COOL_DOWN: i64 = 10_000;
/// The period of an idle worker's ticks. It notices a step of the wall clock, or a withdrawn key, at its next tick.
const TICK: i64 = 1000;
const NAMES: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Event {
    Pass(u16),
    SetWall(i64),
    /// With a token signed with the provider's own key of this name, or with the other provider's.
    Request {
        worker: usize,
        provider: usize,
        name: usize,
        own: bool,
    },
    Close(prop::sample::Index),
    Publish {
        provider: usize,
        names: u8,
    },
    Respond,
    Fail,
    Trap(usize),
    Replace(usize),
    /// After this many accesses to shared data, this worker ticks in between.
    Interleave(u8, usize),
    Tamper(prop::sample::Index, Vec<u8>),
}

fn event() -> impl Strategy<Value = Event> {
    let (worker, provider) = (0..WORKERS, 0..2_usize);
    let jump = prop_oneof![Just(-86_400_000), Just(86_400_000), -120_000..120_000_i64];
    prop_oneof![
        6 => prop_oneof![0..60_u16, 0..12_000_u16].prop_map(Event::Pass),
        2 => jump.prop_map(Event::SetWall),
        10 => (worker.clone(), provider.clone(), 0..NAMES.len(), prop::bool::weighted(0.8))
            .prop_map(|(worker, provider, name, own)| Event::Request { worker, provider, name, own }),
        1 => any::<prop::sample::Index>().prop_map(Event::Close),
        2 => (provider, 1..8_u8).prop_map(|(provider, names)| Event::Publish { provider, names }),
        5 => Just(Event::Respond),
        2 => Just(Event::Fail),
        1 => worker.clone().prop_map(Event::Trap),
        1 => worker.clone().prop_map(Event::Replace),
        3 => (0..6_u8, worker).prop_map(|(calls, worker)| Event::Interleave(calls, worker)),
    ]
}

fn tampering() -> impl Strategy<Value = Event> {
    (any::<prop::sample::Index>(), vec(any::<u8>(), 0..120)).prop_map(|(entry, bytes)| Event::Tamper(entry, bytes))
}

struct History {
    simulation: Simulation,
    published: [u8; 2],
    /// When a response last had this key of this provider, and whether the last response had it.
    confirmed: BTreeMap<(usize, usize), (i64, bool)>,
    requests: Vec<(u32, usize, usize, bool)>,
    /// When a fetch has succeeded, by its number.
    succeeded: BTreeMap<u32, i64>,
    tampered: bool,
    wall_set_at: i64,
    /// When each worker's instance started.
    started_at: [i64; WORKERS],
}

impl History {
    fn new() -> Self {
        let simulation = Simulation::new(
            WORKERS,
            &policy(&json!({ "timeout": "5s", "refresh_interval": "30s", "max_stale": "90s" })),
        );
        Self {
            simulation,
            published: [1, 1],
            confirmed: BTreeMap::new(),
            requests: Vec::new(),
            succeeded: BTreeMap::new(),
            tampered: false,
            wall_set_at: i64::MIN / 2,
            started_at: [i64::MIN / 2; WORKERS],
        }
    }

    fn apply(&mut self, event: &Event) {
        match event {
            Event::Pass(millis) => self.simulation.advance(Duration::from_millis(u64::from(*millis))),
            Event::SetWall(by) => {
                self.simulation.set_wall(self.simulation.wall() + by);
                self.wall_set_at = self.simulation.steady();
            }
            Event::Request { worker, provider, name, own } => {
                let signer = key(if *own { *provider } else { 1 - *provider }, NAMES[*name]);
                let has_key = *own && self.has_key(*worker, *provider, *name);
                let stream = self.simulation.request(*worker, &token_by(*provider, &signer));
                assert!(!has_key || self.simulation.status(stream).is_some(), "a request waits whose key is known");
                self.requests.push((stream, *provider, *name, *own));
            }
            Event::Close(which) => {
                let waiting: Vec<u32> = self.waiting();
                if !waiting.is_empty() {
                    self.simulation.close(*which.get(&waiting));
                }
            }
            Event::Publish { provider, names } => self.published[*provider] = *names,
            Event::Respond => self.respond(),
            Event::Fail => self.simulation.respond(|_| failure()),
            Event::Trap(worker) => {
                self.simulation.trap(*worker);
                self.started_at[*worker] = self.simulation.steady();
            }
            Event::Replace(worker) => {
                self.simulation.replace(*worker);
                self.started_at[*worker] = self.simulation.steady();
            }
            Event::Interleave(calls, worker) => {
                self.simulation.process(|process| process.interleaved = Some((u32::from(*calls), *worker)));
            }
            Event::Tamper(which, bytes) => {
                self.tampered = true;
                self.simulation.process(|process| {
                    let names: Vec<String> = process.shared.keys().cloned().collect();
                    process.write(which.get(names.as_slice()).as_str(), bytes);
                });
            }
        }
        self.check();
    }

    fn waiting(&self) -> Vec<u32> {
        self.simulation.process(|process| {
            process.streams.iter().filter(|(_, request)| request.status.is_none()).map(|(id, _)| *id).collect()
        })
    }

    fn respond(&mut self) {
        for (id, path) in self.simulation.fetching() {
            let provider = usize::from(path == PATHS[1]);
            let has = |name: usize| self.published[provider] & (1 << name) != 0;
            let response: FetchResponse = keys_named(
                provider,
                &(0..NAMES.len()).filter(|name| has(*name)).map(|name| NAMES[name]).collect::<Vec<_>>(),
            );
            let now = self.simulation.steady();
            for name in 0..NAMES.len() {
                let (at, was_in) = self.confirmed.get(&(provider, name)).copied().unwrap_or((i64::MIN / 2, false));
                let at = if has(name) || was_in { now } else { at };
                self.confirmed.insert((provider, name), (at, has(name)));
            }
            self.succeeded.insert(id, now);
            self.simulation.respond_to(id, response);
        }
    }

    /// Whether this worker has the key beyond doubt: the last response had it, and the worker has ticked since.
    fn has_key(&self, worker: usize, provider: usize, name: usize) -> bool {
        let now = self.simulation.steady();
        let (at, is_in) = self.confirmed.get(&(provider, name)).copied().unwrap_or((i64::MIN / 2, false));
        let is_settled = now - at > TICK && now - self.wall_set_at > TICK && now - self.started_at[worker] > TICK;
        is_in && is_settled && now - at < MAX_STALE && !self.tampered
    }

    /// A fetch that follows a success sooner than a refresh is due was caused by a token. Two of them are at least as far
    /// apart as the cool-down.
    fn check_cool_down(&self) {
        let sent: Vec<(String, i64)> = self
            .simulation
            .process(|process| process.sent.iter().cloned().zip(process.sent_at.iter().copied()).collect());
        for path in PATHS {
            let of_path = sent.iter().enumerate().filter(|(_, (known, _))| known == path);
            let (mut ended, mut demanded) = (None, i64::MIN / 2);
            for (number, (_, at)) in of_path {
                if ended.is_some_and(|ended| at - ended < SOONEST_REFRESH) {
                    assert!(at - demanded >= COOL_DOWN, "two fetches for tokens are {} ms apart", at - demanded);
                    demanded = *at;
                }
                ended = u32::try_from(number).ok().and_then(|number| self.succeeded.get(&number).copied());
            }
        }
    }

    /// Checks what must hold after every event.
    fn check(&mut self) {
        let now = self.simulation.steady();
        let fetching = self.simulation.fetching();
        for path in PATHS {
            let in_flight = fetching.iter().filter(|(_, known)| known == path).count();
            assert!(in_flight <= 1 || self.tampered, "{in_flight} fetches of {path} in flight");
        }
        for stream in self.waiting() {
            let received_at = self.simulation.process(|process| process.streams[&stream].received_at);
            assert!(now - received_at <= 5_100, "a request has waited for {} ms", now - received_at);
        }
        for (stream, provider, name, own) in std::mem::take(&mut self.requests) {
            let found =
                self.simulation.process(|process| process.streams.get(&stream).map(|one| (one.status, one.decided_at)));
            match found {
                None => {}
                Some((None, _)) => self.requests.push((stream, provider, name, own)),
                Some((Some(200), (decided_at, wall))) => {
                    assert!(own, "allowed by another provider's keys");
                    let (at, is_in) = self.confirmed.get(&(provider, name)).copied().unwrap_or((i64::MIN / 2, false));
                    let age = decided_at - at;
                    assert!(is_in || age <= TICK || self.tampered, "allowed by a key that was withdrawn {age} ms ago");
                    let slack = if decided_at - self.wall_set_at <= TICK { TICK } else { 0 };
                    assert!(age < MAX_STALE + slack, "allowed by keys that are {age} ms old");
                    assert!(
                        wall < START + 3_660_000,
                        "allowed with a token that expired {} ms ago",
                        wall - START - 3_600_000
                    );
                }
                Some((Some(status), _)) => assert!([401, 503].contains(&status), "{status}"),
            }
        }
    }

    /// With the right time and an issuer that responds, every request is allowed after some time: after a lease that
    /// nobody ends any more (6 s) and the cool-down. Another plugin may have written a cool-down that begins in a minute.
    fn recovers(&mut self) {
        self.published = [7, 7];
        self.simulation.set_wall(START);
        self.simulation.process(|process| process.interleaved = None);
        let tokens: Vec<String> = (0..2).flat_map(|provider| NAMES.map(|name| token(provider, name))).collect();
        let limit = if self.tampered { 150 } else { 36 };
        let is_allowed = |history: &mut Self, worker, token: &str| history.simulation.send(worker, token) == Some(200);
        let recovered = (0..limit).any(|_| {
            self.simulation.advance(Duration::from_millis(500));
            let mut all = true;
            for worker in 0..WORKERS {
                for token in &tokens {
                    all &= is_allowed(self, worker, token);
                }
            }
            self.respond();
            all
        });
        assert!(recovered, "not all requests are allowed after {} s", limit / 2);
    }
}

fn run(events: &[Event]) {
    let mut history = History::new();
    for event in events {
        history.apply(event);
    }
    if !history.tampered {
        history.check_cool_down();
    }
    history.recovers();
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn the_process_holds_its_invariants(events in vec(event(), 1..120)) {
        run(&events);
    }

    #[test]
    fn overwritten_shared_data_does_not_break_them(
        events in vec(prop_oneof![9 => event(), 1 => tampering()], 1..120),
    ) {
        run(&events);
    }
}
