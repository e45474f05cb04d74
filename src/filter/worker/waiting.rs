//! The requests that wait for keys: which wait, for how long, and what is decided about them.

use super::super::host::{Host, StreamId};
use super::super::key_fetcher::Lease;
use super::super::pending::PendingRequest;
use super::{Filter, Outcome};
use crate::engine::decision::{Decision, NeedsKeys};
use crate::request::RequestHead;
use crate::time::{Moment, UnixTime};
use crate::token::authenticator::{MissingKeys, WantedKeys};
use crate::token::provider::ProviderIndex;

/// How often a request tries to start a fetch. A try fails if another worker has written the shared state in between.
const MAX_TRIES: usize = 4;

impl<H: Host> Filter<H> {
    /// `None` if the request waits for keys now.
    pub(super) fn decide_or_wait(
        &mut self,
        stream: StreamId,
        head: &RequestHead<'_>,
        now: UnixTime,
    ) -> Option<Decision> {
        match self.decide(head, now) {
            Ok(decision) => Some(decision),
            Err(needs) => {
                let now = Moment { wall: now, steady: self.host.steady() };
                let provider = &self.providers[needs.missing.provider];
                let (deadline, tried) = (provider.deadline(now.steady), provider.generation());
                self.wait(PendingRequest { stream, since: now.steady, deadline, needs, tried }, head, now)
            }
        }
    }

    /// Decides a request with newer keys. `None` if it still needs others.
    fn decide_again(
        &mut self,
        request: &mut PendingRequest,
        head: &RequestHead<'_>,
        now: UnixTime,
    ) -> Option<Decision> {
        match self.decide(head, now) {
            Ok(decision) => Some(decision),
            Err(needs) => {
                request.tried = self.providers[needs.missing.provider].generation();
                request.needs = needs;
                None
            }
        }
    }

    /// Lets a request wait for the fetch in flight, or for one that is due. `None` if it waits now.
    fn wait(&mut self, mut request: PendingRequest, head: &RequestHead<'_>, now: Moment) -> Option<Decision> {
        for attempt in 0..MAX_TRIES {
            let MissingKeys { provider, wanted } = request.needs.missing;
            if !self.providers[provider].may_fetch(wanted, now.steady) {
                break;
            }
            // Another worker may have fetched the keys, or the wall clock was set. Before a retry that was looked at.
            let is_retry = request.since < now.steady;
            if (attempt > 0 || !is_retry)
                && self.sync(provider, now)
                && let Some(decision) = self.decide_again(&mut request, head, now.wall)
            {
                return Some(decision);
            }
            let MissingKeys { provider, wanted } = request.needs.missing;
            match self.providers[provider].ask(wanted, &self.host, now) {
                Lease::Contended => {}
                Lease::NotDue => break,
                // A trial must not delay a request.
                Lease::Acquired if self.engine.is_dry_run() => {
                    self.tick.adjust(&self.providers, &self.host);
                    break;
                }
                Lease::Acquired => {
                    let added = self.providers[provider].pending.add(request);
                    self.tick.adjust(&self.providers, &self.host);
                    return added.err().map(|request| self.give_up(request.needs, head));
                }
            }
        }
        Some(self.give_up(request.needs, head))
    }

    /// The decision about a request that does not get its keys.
    fn give_up(&self, needs: NeedsKeys, head: &RequestHead<'_>) -> Decision {
        let unresolved = self.providers[needs.missing.provider].last_fetch_unresolved();
        self.engine.give_up(needs, unresolved, head)
    }

    pub(super) fn retry_all(&mut self, provider: ProviderIndex, now: Moment) {
        for request in self.providers[provider].pending.take_all() {
            self.retry(request, now);
        }
    }

    /// Decides a request that has waited, unless it may wait longer for another fetch.
    pub(super) fn retry(&mut self, mut request: PendingRequest, now: Moment) {
        if !self.host.enter(request.stream) {
            return;
        }
        let decision = self.with_head(now.wall, |filter, head| {
            let MissingKeys { provider, wanted } = request.needs.missing;
            // The same keys do not verify a signature at the second try, and trying costs as much as at the first.
            let is_tried =
                wanted == WantedKeys::Replacement && filter.providers[provider].generation() == request.tried;
            if !is_tried && let Some(decision) = filter.decide_again(&mut request, head, now.wall) {
                return Some(decision);
            }
            let is_final = filter.providers[request.needs.missing.provider].has_fetched_since(request.since);
            match now.steady < request.deadline && !is_final {
                true => filter.wait(request, head, now),
                false => Some(filter.give_up(request.needs, head)),
            }
        });
        if let Some(decision) = decision
            && self.act(&decision, now.wall) == Outcome::Continue
        {
            self.host.resume();
        }
        self.host.leave();
    }
}
