//! A gate: a queue in front of a rate limiter. Who comes waits for its tokens, in the order of coming.
//!
//! Only the head of the queue asks the limiter, at the instant at which it may pass: nothing is reserved
//! ahead, so a change of the rate acts at once on those who wait. Without a change the instants are those
//! of reservations made on arrival, for every limiter that serves in order.
//!
//! In a component: [`Gate::ask`] when somebody comes; on the gate's wake [`Gate::next`] until it answers
//! `None`; [`Gate::set_rate`] on a change of the rate; [`Gate::restart`] when the process ends.

use std::collections::VecDeque;

use sim_core::kernel::Phase;
use sim_core::limiter::Limiter;
use sim_core::time::{Rate, SimDuration, SimTime};

use super::Cx;
use super::event::Signal;

/// A queue in front of a limiter; see the [module](self).
#[derive(Debug)]
pub(crate) struct Gate<T> {
    limiter: Limiter,
    queue: VecDeque<Waiting<T>>,
    /// When the head asks next; the event list knows.
    wake: Option<SimTime>,
    /// What the component is woken with when the head may pass.
    wakes_as: Signal,
}

#[derive(Clone, Copy, Debug)]
struct Waiting<T> {
    item: T,
    came: SimTime,
    /// Tokens that it still needs.
    tokens: u16,
}

/// Who has passed a gate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passed<T> {
    pub(crate) item: T,
    pub(crate) waited: SimDuration,
}

impl<T: Copy> Gate<T> {
    pub(crate) fn new(limiter: Limiter, wakes_as: Signal) -> Self {
        Self { limiter, queue: VecDeque::new(), wake: None, wakes_as }
    }

    /// Asks for `tokens`. Whether `item` may pass at once; else it waits here for its turn.
    #[inline]
    pub(crate) fn ask(&mut self, item: T, tokens: u16, cx: &mut Cx<'_, '_>) -> bool {
        let mut waiting = Waiting { item, came: cx.now(), tokens };
        if !self.queue.is_empty() {
            self.queue.push_back(waiting);
            return false;
        }
        match Self::take(&mut self.limiter, &mut waiting, cx.now()) {
            Ok(()) => true,
            Err(next) => {
                self.queue.push_back(waiting);
                self.wake_at(next, cx);
                false
            }
        }
    }

    /// One token, if there is one now and nobody waits for it: for a limit that does not let wait.
    #[inline]
    pub(crate) fn try_take(&mut self, cx: &Cx<'_, '_>) -> bool {
        self.queue.is_empty() && self.limiter.try_take(cx.now()).is_ok()
    }

    /// The next who may pass now; to be called until there is nobody.
    pub(crate) fn next(&mut self, cx: &mut Cx<'_, '_>) -> Option<Passed<T>> {
        let now = cx.now();
        let head = self.queue.front_mut()?;
        match Self::take(&mut self.limiter, head, now) {
            Ok(()) => {
                let head = self.queue.pop_front().expect("there is a head");
                Some(Passed { item: head.item, waited: now.since(head.came) })
            }
            Err(next) => {
                self.wake_at(next, cx);
                None
            }
        }
    }

    /// The rate from now on; the head asks again at once.
    pub(crate) fn set_rate(&mut self, rate: Rate, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        self.limiter.set_rate(now, rate);
        if !self.queue.is_empty() {
            self.wake = None;
            self.wake_at(now, cx);
        }
    }

    /// Starts anew with this limiter; those who waited.
    pub(crate) fn restart(&mut self, limiter: Limiter) -> impl Iterator<Item = T> + use<T> {
        self.limiter = limiter;
        std::mem::take(&mut self.queue).into_iter().map(|waiting| waiting.item)
    }

    /// Takes out those who leave without having passed.
    #[cold]
    pub(crate) fn take_out(&mut self, leaves: impl Fn(&T) -> bool) -> Vec<T> {
        let (leaving, staying) = std::mem::take(&mut self.queue)
            .into_iter()
            .partition::<VecDeque<_>, _>(|waiting| leaves(&waiting.item));
        self.queue = staying;
        leaving.into_iter().map(|waiting| waiting.item).collect()
    }

    /// How many wait.
    pub(crate) fn len(&self) -> u64 {
        self.queue.len() as u64
    }

    /// Those who wait, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.queue.iter().map(|waiting| waiting.item)
    }

    /// Takes what `waiting` still needs, as far as it is there.
    #[inline]
    fn take(limiter: &mut Limiter, waiting: &mut Waiting<T>, now: SimTime) -> Result<(), SimTime> {
        while waiting.tokens > 0 {
            limiter.try_take(now)?;
            waiting.tokens -= 1;
        }
        Ok(())
    }

    /// A wake that comes too early or twice does no harm: the head asks, and waits on.
    fn wake_at(&mut self, next: SimTime, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        let is_known = self.wake.is_some_and(|wake| now < wake && wake <= next);
        if !is_known && next < SimTime::MAX {
            self.wake = Some(next);
            cx.at(next, Phase::Release, self.wakes_as);
        }
    }
}
