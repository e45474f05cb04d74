//! A process of several workers, and time that passes only when a test says so.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use jwt_authorizer::filter::host::{CalloutId, FetchResponse, StreamId};
use jwt_authorizer::filter::{Filter, Outcome};
use serde_json::Value;

use super::proxy::{Callout, Desk, Process, Queue, Request, Slot, Worker};

/// What the wall clock shows at first, in milliseconds.
pub(crate) const START: i64 = 1_900_000_000_000;

pub(crate) struct World {
    process: Rc<RefCell<Process>>,
    policy: Vec<u8>,
    requests: u32,
}

impl World {
    /// As many workers, right after Envoy has configured a first instance and then each of them.
    pub(crate) fn new(workers: usize, policy: &Value) -> Self {
        // A machine that has just come up: the steady clock has hardly begun.
        let mut process = Process { wall: START, steady: 7, ..Process::default() };
        process.slots.resize_with(workers, Slot::default);
        process.desks.resize_with(workers, Desk::default);
        let world =
            Self { process: Rc::new(RefCell::new(process)), policy: policy.to_string().into_bytes(), requests: 0 };
        world.configure(0);
        for place in 0..workers {
            world.configure(place);
        }
        world
    }

    /// A fresh instance in the place of the worker's, if there is one.
    fn configure(&self, place: usize) {
        self.process(|process| process.desks[place].instance += 1);
        let worker = Worker { process: Rc::clone(&self.process), place };
        let filter = Filter::configure(worker, &self.policy).expect("a good policy");
        *self.slot(place).borrow_mut() = Some(filter);
    }

    pub(crate) fn process<T>(&self, then: impl FnOnce(&mut Process) -> T) -> T {
        then(&mut self.process.borrow_mut())
    }

    fn slot(&self, place: usize) -> Slot {
        Rc::clone(&self.process.borrow().slots[place])
    }

    fn with_filter<T>(&self, place: usize, then: impl FnOnce(&mut Filter<Worker>) -> T) -> T {
        let value = then(self.slot(place).borrow_mut().as_mut().expect("the worker is there"));
        self.wake();
        value
    }

    /// Delivers what workers have said to each other.
    fn wake(&self) {
        for round in 0.. {
            assert!(round < 1000, "workers wake each other without end");
            let woken = self.process(|process| {
                let alive = |queue: &&Queue| process.desks[queue.owner].instance == queue.instance;
                process.queues.iter().filter(alive).find(|queue| queue.items > 0).map(|queue| queue.owner)
            });
            let Some(place) = woken else { return };
            self.slot(place).borrow_mut().as_mut().expect("the worker is there").on_queue_ready();
        }
    }

    /// A request comes to a worker.
    pub(crate) fn request(&mut self, worker: usize, token: &str) -> u32 {
        self.requests += 1;
        let stream = self.requests;
        self.process(|process| {
            let request =
                Request { worker, came_at: process.steady, token: token.to_owned(), status: None, decided_at: (0, 0) };
            process.streams.insert(stream, request);
            process.desks[worker].effective = Some(stream);
        });
        let outcome = self.with_filter(worker, |filter| filter.on_request(StreamId(stream)));
        self.process(|process| {
            process.desks[worker].effective = None;
            if outcome == Outcome::Continue {
                process.decide(stream, 200);
            }
        });
        stream
    }

    /// What became of a request; `None` while it waits.
    pub(crate) fn status(&self, stream: u32) -> Option<u16> {
        self.process.borrow().streams[&stream].status
    }

    /// What becomes of a request at once.
    pub(crate) fn send(&mut self, worker: usize, token: &str) -> Option<u16> {
        let stream = self.request(worker, token);
        self.status(stream)
    }

    /// The client of a request goes away.
    pub(crate) fn hang_up(&self, stream: u32) {
        let worker = self.process(|process| process.streams.remove(&stream).expect("it is there").worker);
        self.with_filter(worker, |filter| filter.on_stream_closed(StreamId(stream)));
    }

    /// Time passes by both clocks; ticks and time-outs come when they are due.
    pub(crate) fn advance(&self, by: Duration) {
        let until = self.steady() + i64::try_from(by.as_millis()).expect("a short while");
        for round in 0.. {
            assert!(round < 100_000, "workers tick without end: {:?}", self.process(|process| process.desks[0].period));
            let (tick, late) = self.process(|process| {
                let tick = process.desks.iter().enumerate().map(|(place, desk)| (desk.next_tick, place)).min();
                let late = process.callouts.iter().map(|callout| (callout.deadline, callout.id)).min();
                (tick, late)
            });
            let next = tick.map(|(at, _)| at).into_iter().chain(late.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.pass(next - self.steady());
            match late {
                Some((at, id)) if at <= next => self.answer_one(id, timed_out()),
                _ => self.tick(tick.expect("one of the two is due").1),
            }
        }
        self.pass(until - self.steady());
    }

    fn pass(&self, millis: i64) {
        self.process(|process| {
            process.steady += millis.max(0);
            process.wall += millis.max(0);
        });
    }

    pub(crate) fn tick(&self, place: usize) {
        self.process(|process| {
            let now = process.steady;
            let desk = &mut process.desks[place];
            desk.next_tick = now + desk.period;
        });
        self.with_filter(place, Filter::on_tick);
    }

    /// Somebody sets the wall clock.
    pub(crate) fn set_wall(&self, millis: i64) {
        self.process(|process| process.wall = millis);
    }

    pub(crate) fn wall(&self) -> i64 {
        self.process.borrow().wall
    }

    pub(crate) fn steady(&self) -> i64 {
        self.process.borrow().steady
    }

    /// Answers every fetch under way, by its path.
    pub(crate) fn answer(&self, answer: impl Fn(&str) -> FetchResponse) {
        for (id, path) in self.fetching() {
            self.answer_one(id, answer(&path));
        }
    }

    /// The fetches under way: number and path.
    pub(crate) fn fetching(&self) -> Vec<(u32, String)> {
        self.process.borrow().callouts.iter().map(|callout| (callout.id, callout.path.clone())).collect()
    }

    pub(crate) fn answer_one(&self, id: u32, answer: FetchResponse) {
        let callout = self.process(|process| {
            let place = process.callouts.iter().position(|callout| callout.id == id)?;
            Some(process.callouts.remove(place))
        });
        let Some(Callout { worker, .. }) = callout else { return };
        self.with_filter(worker, |filter| filter.on_fetch_response(CalloutId(id), answer));
    }

    /// How many fetches of a path there were.
    pub(crate) fn fetches(&self, path: &str) -> usize {
        self.process.borrow().sent.iter().filter(|sent| *sent == path).count()
    }

    /// A worker's VM traps: its requests and callouts end with it, and a fresh one takes its place.
    pub(crate) fn trap(&self, place: usize) {
        self.bury(place);
        *self.slot(place).borrow_mut() = None;
        self.configure(place);
    }

    /// A worker gets a new configuration, and the old instance ends in good order.
    pub(crate) fn replace(&self, place: usize) {
        let mut old = self.slot(place).borrow_mut().take().expect("the worker is there");
        self.configure(place);
        old.shutdown();
        self.bury(place);
        self.wake();
    }

    fn bury(&self, place: usize) {
        self.process(|process| {
            process.callouts.retain(|callout| callout.worker != place);
            process.streams.retain(|_, request| request.worker != place || request.status.is_some());
        });
    }

    pub(crate) fn metric(&self, name: &str) -> u64 {
        let name = format!("jwt_authorizer.{name}");
        self.process(|process| process.metrics.iter().find(|(known, _)| *known == name).map_or(0, |(_, value)| *value))
    }
}

impl Drop for World {
    /// Workers and process hold each other.
    fn drop(&mut self) {
        let slots = std::mem::take(&mut self.process.borrow_mut().slots);
        slots.iter().for_each(|slot| drop(slot.borrow_mut().take()));
    }
}

/// What Envoy makes of an issuer that does not answer.
fn timed_out() -> FetchResponse {
    FetchResponse { status: Some(504), cache_control: None, body: Some(b"upstream request timeout".to_vec()) }
}
