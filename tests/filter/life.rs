//! A process in full: workers, requests, answers, ends of workers, clocks that are set, and looks at shared data that
//! other workers fall between, in any order. Nobody is let through by keys that are too old, withdrawn, or another
//! provider's; nobody waits too long; never are two fetches in flight; and in the end all is well again.

use std::collections::BTreeMap;
use std::time::Duration;

use jwt_authorizer::filter::host::FetchResponse;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::cases;
use super::issuer::{PATHS, failure, key, keys_named, policy, token, token_by};
use super::world::{START, World};

const WORKERS: usize = 3;
const MAX_STALE: i64 = 90_000;
/// Between two ticks of an idle worker its wall clock may be set without its notice.
const TICK: i64 = 1000;
const NAMES: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Event {
    Pass(u16),
    SetWall(i64),
    /// By the provider's own key of this name, or by the other provider's.
    Request {
        worker: usize,
        provider: usize,
        name: usize,
        own: bool,
    },
    HangUp(prop::sample::Index),
    Publish {
        provider: usize,
        names: u8,
    },
    FetchResponse,
    Fail,
    Trap(usize),
    Replace(usize),
    /// After so many looks at shared data this worker ticks in between.
    Intrude(u8, usize),
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
        1 => any::<prop::sample::Index>().prop_map(Event::HangUp),
        2 => (provider, 1..8_u8).prop_map(|(provider, names)| Event::Publish { provider, names }),
        5 => Just(Event::FetchResponse),
        2 => Just(Event::Fail),
        1 => worker.clone().prop_map(Event::Trap),
        1 => worker.clone().prop_map(Event::Replace),
        3 => (0..6_u8, worker).prop_map(|(calls, worker)| Event::Intrude(calls, worker)),
    ]
}

fn tampering() -> impl Strategy<Value = Event> {
    (any::<prop::sample::Index>(), vec(any::<u8>(), 0..120)).prop_map(|(place, bytes)| Event::Tamper(place, bytes))
}

struct History {
    world: World,
    published: [u8; 2],
    /// When an answer last had this key of this provider, and whether the last one had.
    confirmed: BTreeMap<(usize, usize), (i64, bool)>,
    requests: Vec<(u32, usize, usize, bool)>,
    tampered: bool,
    wall_set_at: i64,
}

impl History {
    fn new() -> Self {
        let world =
            World::new(WORKERS, &policy(&json!({ "timeout": "5s", "refresh_interval": "30s", "max_stale": "90s" })));
        Self {
            world,
            published: [1, 1],
            confirmed: BTreeMap::new(),
            requests: Vec::new(),
            tampered: false,
            wall_set_at: i64::MIN / 2,
        }
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Pass(millis) => self.world.advance(Duration::from_millis(u64::from(*millis))),
            Event::SetWall(by) => {
                self.world.set_wall(self.world.wall() + by);
                self.wall_set_at = self.world.steady();
            }
            Event::Request { worker, provider, name, own } => {
                let signer = key(if *own { *provider } else { 1 - *provider }, NAMES[*name]);
                let stream = self.world.request(*worker, &token_by(*provider, &signer));
                self.requests.push((stream, *provider, *name, *own));
            }
            Event::HangUp(which) => {
                let waiting: Vec<u32> = self.waiting();
                if !waiting.is_empty() {
                    self.world.hang_up(*which.get(&waiting));
                }
            }
            Event::Publish { provider, names } => self.published[*provider] = *names,
            Event::FetchResponse => self.answer(),
            Event::Fail => self.world.answer(|_| failure()),
            Event::Trap(worker) => self.world.trap(*worker),
            Event::Replace(worker) => self.world.replace(*worker),
            Event::Intrude(calls, worker) => {
                self.world.process(|process| process.intrusion = Some((u32::from(*calls), *worker)));
            }
            Event::Tamper(which, bytes) => {
                self.tampered = true;
                self.world.process(|process| {
                    let names: Vec<String> = process.shared.keys().cloned().collect();
                    process.write(which.get(names.as_slice()).as_str(), bytes);
                });
            }
        }
        self.check();
    }

    fn waiting(&self) -> Vec<u32> {
        self.world.process(|process| {
            process.streams.iter().filter(|(_, request)| request.status.is_none()).map(|(id, _)| *id).collect()
        })
    }

    fn answer(&mut self) {
        for (id, path) in self.world.fetching() {
            let provider = usize::from(path == PATHS[1]);
            let has = |name: usize| self.published[provider] & (1 << name) != 0;
            let answer: FetchResponse = keys_named(
                provider,
                &(0..NAMES.len()).filter(|name| has(*name)).map(|name| NAMES[name]).collect::<Vec<_>>(),
            );
            let now = self.world.steady();
            for name in 0..NAMES.len() {
                let (at, was_in) = self.confirmed.get(&(provider, name)).copied().unwrap_or((i64::MIN / 2, false));
                let at = if has(name) || was_in { now } else { at };
                self.confirmed.insert((provider, name), (at, has(name)));
            }
            self.world.answer_one(id, answer);
        }
    }

    /// Holds what has happened against what must never happen.
    fn check(&mut self) {
        let now = self.world.steady();
        let fetching = self.world.fetching();
        for path in PATHS {
            let in_flight = fetching.iter().filter(|(_, known)| known == path).count();
            assert!(in_flight <= 1 || self.tampered, "{in_flight} fetches of {path} in flight");
        }
        for stream in self.waiting() {
            let came_at = self.world.process(|process| process.streams[&stream].came_at);
            assert!(now - came_at <= 5_100, "a request has waited for {} ms", now - came_at);
        }
        for (stream, provider, name, own) in std::mem::take(&mut self.requests) {
            let found =
                self.world.process(|process| process.streams.get(&stream).map(|one| (one.status, one.decided_at)));
            match found {
                None => {}
                Some((None, _)) => self.requests.push((stream, provider, name, own)),
                Some((Some(200), (decided_at, wall))) => {
                    assert!(own, "a decision on another provider's keys");
                    let (at, is_in) = self.confirmed.get(&(provider, name)).copied().unwrap_or((i64::MIN / 2, false));
                    let age = decided_at - at;
                    assert!(is_in || age <= TICK || self.tampered, "by a key that was withdrawn {age} ms ago");
                    let slack = if decided_at - self.wall_set_at <= TICK { TICK } else { 0 };
                    assert!(age < MAX_STALE + slack, "by keys that are {age} ms old");
                    assert!(wall < START + 3_660_000, "by a token that ended {} ms ago", wall - START - 3_600_000);
                }
                Some((Some(status), _)) => assert!([401, 503].contains(&status), "{status}"),
            }
        }
    }

    /// The clock is set right, the issuer answers, and after a while everybody is served.
    fn ends_well(&mut self) {
        self.published = [7, 7];
        self.world.set_wall(START);
        self.world.process(|process| process.intrusion = None);
        for _ in 0..140 {
            self.world.advance(Duration::from_millis(500));
            self.answer();
        }
        for worker in 0..WORKERS {
            for provider in 0..2 {
                for name in NAMES {
                    let status = self.world.send(worker, &token(provider, name));
                    assert_eq!(status, Some(200), "worker {worker}, provider {provider}, key {name}");
                }
            }
        }
    }
}

fn live(events: &[Event]) {
    let mut history = History::new();
    for event in events {
        history.happen(event);
    }
    history.ends_well();
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn nothing_that_must_not_happen_does(events in vec(event(), 1..120)) {
        live(&events);
    }

    #[test]
    fn shared_data_that_is_tampered_with_changes_nothing(
        events in vec(prop_oneof![9 => event(), 1 => tampering()], 1..120),
    ) {
        live(&events);
    }
}
