//! A process of several workers. Time passes only when a test says so.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use jwt_authorizer::filter::host::{CalloutId, StreamId};
use jwt_authorizer::filter::{FetchResponse, Filter, Outcome};
use serde_json::Value;

use super::fake_proxy::{Callout, FilterSlot, Process, Queue, Request, Worker, WorkerState};

/// The wall clock at the start, in milliseconds since 1970.
pub(crate) const START: i64 = 1_900_000_000_000;

pub(crate) struct Simulation {
    process: Rc<RefCell<Process>>,
    /// One for each worker.
    policies: Vec<Vec<u8>>,
    requests: u32,
}

impl Simulation {
    /// Workers with one policy, right after Envoy has configured a first instance and then each of them.
    pub(crate) fn new(workers: usize, policy: &Value) -> Self {
        Self::with_policies(&vec![policy; workers])
    }

    /// One worker for each policy. Several plugins in one Envoy are this: each has its own root contexts, and with
    /// the same `vm_id` they have the same shared data.
    pub(crate) fn with_policies(policies: &[&Value]) -> Self {
        // As on a machine that has just booted: the steady clock is near its zero.
        let mut process = Process { wall: START, steady: 7, ..Process::default() };
        process.filters.resize_with(policies.len(), FilterSlot::default);
        process.workers.resize_with(policies.len(), WorkerState::default);
        let policies = policies.iter().map(|policy| policy.to_string().into_bytes()).collect();
        let simulation = Self { process: Rc::new(RefCell::new(process)), policies, requests: 0 };
        simulation.configure(0);
        for index in 0..simulation.policies.len() {
            simulation.configure(index);
        }
        simulation
    }

    /// Replaces the instance of a worker, if it has one.
    fn configure(&self, index: usize) {
        self.process(|process| process.workers[index].instance += 1);
        let worker = Worker { process: Rc::clone(&self.process), index };
        let filter = Filter::configure(worker, &self.policies[index]).expect("a valid policy");
        *self.slot(index).borrow_mut() = Some(filter);
    }

    pub(crate) fn process<T>(&self, then: impl FnOnce(&mut Process) -> T) -> T {
        then(&mut self.process.borrow_mut())
    }

    fn slot(&self, index: usize) -> FilterSlot {
        Rc::clone(&self.process.borrow().filters[index])
    }

    fn with_filter<T>(&self, index: usize, then: impl FnOnce(&mut Filter<Worker>) -> T) -> T {
        let value = then(self.slot(index).borrow_mut().as_mut().expect("the worker has a filter"));
        self.wake();
        value
    }

    /// Delivers the messages in the workers' queues.
    fn wake(&self) {
        for round in 0.. {
            assert!(round < 1000, "workers wake each other forever");
            let woken = self.process(|process| {
                let has_reader = |queue: &&Queue| process.workers[queue.owner].instance == queue.instance;
                process.queues.iter().filter(has_reader).find(|queue| queue.items > 0).map(|queue| queue.owner)
            });
            let Some(index) = woken else { return };
            self.slot(index).borrow_mut().as_mut().expect("the worker has a filter").on_queue_ready();
        }
    }

    /// Sends a request to a worker, and returns its stream.
    pub(crate) fn request(&mut self, worker: usize, token: &str) -> u32 {
        self.requests += 1;
        let stream = self.requests;
        self.process(|process| {
            let request = Request {
                worker,
                received_at: process.steady,
                token: token.to_owned(),
                status: None,
                decided_at: (0, 0),
            };
            process.streams.insert(stream, request);
            process.workers[worker].effective = Some(stream);
        });
        let outcome = self.with_filter(worker, |filter| filter.on_request(StreamId(stream)));
        self.process(|process| {
            process.workers[worker].effective = None;
            if outcome == Outcome::Continue {
                process.decide(stream, 200);
            }
        });
        stream
    }

    /// The status of a request; `None` while it waits.
    pub(crate) fn status(&self, stream: u32) -> Option<u16> {
        self.process.borrow().streams[&stream].status
    }

    /// Sends a request to a worker, and returns its status; `None` if it waits.
    pub(crate) fn send(&mut self, worker: usize, token: &str) -> Option<u16> {
        let stream = self.request(worker, token);
        self.status(stream)
    }

    /// Closes the stream of a request.
    pub(crate) fn close(&self, stream: u32) {
        let worker = self.process(|process| process.streams.remove(&stream).expect("the stream is open").worker);
        self.with_filter(worker, |filter| filter.on_stream_closed(StreamId(stream)));
    }

    /// Lets time pass by both clocks, with the ticks and time-outs that are due.
    pub(crate) fn advance(&self, by: Duration) {
        let until = self.steady() + i64::try_from(by.as_millis()).expect("a short time");
        for round in 0.. {
            assert!(round < 100_000, "workers tick forever: {:?}", self.process(|process| process.workers[0].period));
            let (tick, late) = self.process(|process| {
                let tick = process.workers.iter().enumerate().map(|(index, worker)| (worker.next_tick, index)).min();
                let late = process.callouts.iter().map(|callout| (callout.deadline, callout.id)).min();
                (tick, late)
            });
            let next = tick.map(|(at, _)| at).into_iter().chain(late.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.pass(next - self.steady());
            match late {
                Some((at, id)) if at <= next => self.respond_to(id, timed_out()),
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

    pub(crate) fn tick(&self, index: usize) {
        self.process(|process| {
            let now = process.steady;
            let worker = &mut process.workers[index];
            worker.next_tick = now + worker.period;
        });
        self.with_filter(index, Filter::on_tick);
    }

    /// Sets the wall clock.
    pub(crate) fn set_wall(&self, millis: i64) {
        self.process(|process| process.wall = millis);
    }

    pub(crate) fn wall(&self) -> i64 {
        self.process.borrow().wall
    }

    pub(crate) fn steady(&self) -> i64 {
        self.process.borrow().steady
    }

    /// Responds to every fetch in flight, by its path.
    pub(crate) fn respond(&self, response: impl Fn(&str) -> FetchResponse) {
        for (id, path) in self.fetching() {
            self.respond_to(id, response(&path));
        }
    }

    /// The fetches in flight: number and path.
    pub(crate) fn fetching(&self) -> Vec<(u32, String)> {
        self.process.borrow().callouts.iter().map(|callout| (callout.id, callout.path.clone())).collect()
    }

    pub(crate) fn respond_to(&self, id: u32, response: FetchResponse) {
        let callout = self.process(|process| {
            let index = process.callouts.iter().position(|callout| callout.id == id)?;
            Some(process.callouts.remove(index))
        });
        let Some(Callout { worker, .. }) = callout else { return };
        self.with_filter(worker, |filter| filter.on_fetch_response(CalloutId(id), response));
    }

    /// How often a path was fetched.
    pub(crate) fn fetches(&self, path: &str) -> usize {
        self.process.borrow().sent.iter().filter(|sent| *sent == path).count()
    }

    /// Traps a worker's VM: its requests and callouts end with it, and Envoy starts a new instance.
    pub(crate) fn trap(&self, index: usize) {
        self.drop_requests(index);
        *self.slot(index).borrow_mut() = None;
        self.configure(index);
    }

    /// Gives a worker its configuration again: a new instance replaces the old one, which shuts down.
    pub(crate) fn replace(&self, index: usize) {
        let mut old = self.slot(index).borrow_mut().take().expect("the worker has a filter");
        self.configure(index);
        old.shutdown();
        self.drop_requests(index);
        self.wake();
    }

    /// Gives a worker another configuration.
    pub(crate) fn reconfigure(&mut self, index: usize, policy: &Value) {
        self.policies[index] = policy.to_string().into_bytes();
        self.replace(index);
    }

    fn drop_requests(&self, index: usize) {
        self.process(|process| {
            process.callouts.retain(|callout| callout.worker != index);
            process.streams.retain(|_, request| request.worker != index || request.status.is_some());
        });
    }

    /// The value of a metric; zero if it is not defined.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let name = format!("jwt_authorizer.{name}");
        self.process(|process| process.metrics.iter().find(|(known, _)| *known == name).map_or(0, |(_, value)| *value))
    }
}

impl Drop for Simulation {
    /// The workers and the process refer to each other.
    fn drop(&mut self) {
        let filters = std::mem::take(&mut self.process.borrow_mut().filters);
        filters.iter().for_each(|slot| drop(slot.borrow_mut().take()));
    }
}

/// Envoy's response to a callout that has timed out.
fn timed_out() -> FetchResponse {
    FetchResponse { status: Some(504), body: Some(b"upstream request timeout".to_vec()), ..FetchResponse::default() }
}
