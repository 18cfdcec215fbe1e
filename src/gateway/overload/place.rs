//! The place that a request holds while it is worked on, and what is learnt from that.
//!
//! It is not held while the client is waited for, whose body comes as slowly as it likes. And the limit learns from what was
//! done behind only, from the first call for the request to the end of the last: not from refusals, what a cache has, or
//! calls that failed, which are fast and say nothing of work.

use super::{Overload, Priority, refusal, window::Work};
use crate::gateway::{Body, Refusal};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use std::{
    error::Error,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

/// A request's place, if places are limited.
#[derive(Clone, Default)]
pub(in crate::gateway) struct Hold(Option<Arc<Place>>);

struct Place {
    overload: Arc<Overload>,
    state: Mutex<State>,
}

/// How it stands with a place. Moments are those of its limit.
#[derive(Default)]
struct State {
    held: Held,
    priority: Priority,
    probe: u32,
    is_refused: bool,
    /// When the first call began, and the last one ended that did something.
    began: Option<u64>,
    ended: Option<u64>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Held {
    /// Not yet.
    #[default]
    Wanted,
    Taken,
    /// Until the client has sent its body.
    SetAside,
    GivenBack,
}

impl Hold {
    /// For a request of which nothing is known.
    pub(in crate::gateway) fn new(overload: Option<&Arc<Overload>>) -> Self {
        let place = overload.map(|overload| Place {
            overload: Arc::clone(overload),
            state: Mutex::default(),
        });
        Self(place.map(Arc::new))
    }

    /// Takes the place, if there is one.
    pub(in crate::gateway) fn take(&self, priority: Priority) -> Result<(), Refusal> {
        let Some(place) = &self.0 else {
            return Ok(());
        };
        place.state().priority = priority;
        match place.take(Held::Wanted) {
            true => Ok(()),
            false => Err(refusal()),
        }
    }

    /// The request's body, during which it is set aside. It breaks off if there is no place when it has come.
    pub(in crate::gateway) fn while_it_comes(&self, body: Body) -> (Body, Arrival) {
        match &self.0 {
            Some(place) if !body.is_end_stream() => {
                let arriving = Arriving {
                    body,
                    place: Arc::clone(place),
                };
                (Body::streamed(arriving), Arrival(self.clone()))
            }
            _ => (body, Arrival::default()),
        }
    }

    /// A call for the request begins.
    pub(in crate::gateway) fn call_begins(&self) {
        if let Some(place) = &self.0 {
            let now = place.overload.now();
            place.state().began.get_or_insert(now);
        }
    }

    /// A call for the request has ended.
    pub(in crate::gateway) fn call_ended(&self, seen: Result<u16, &str>) {
        // What was waited for in vain says how long the queue is.
        let did_something = matches!(seen, Ok(..400) | Err("timeout" | "deadline"));
        if let Some(place) = self.0.as_ref().filter(|_| did_something) {
            let now = place.overload.now();
            place.state().ended = Some(now);
        }
    }

    /// Gives the place back, for good.
    pub(in crate::gateway) fn give_back(&self) {
        if let Some(place) = &self.0 {
            place.leave(Held::GivenBack);
        }
    }
}

impl Place {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes it, if it is the time to; whether there is one.
    fn take(&self, when: Held) -> bool {
        let mut state = self.state();
        if state.held != when {
            return true;
        }
        let now = || self.overload.now();
        let Some(probe) = self.overload.enter(state.priority, now) else {
            state.is_refused = true;
            return false;
        };
        state.held = Held::Taken;
        state.probe = probe;
        // A call that has begun could do nothing until now.
        if state.began.is_some() {
            state.began = Some(now());
        }
        true
    }

    fn leave(&self, how: Held) {
        let mut state = self.state();
        let held = state.held;
        if held != Held::GivenBack {
            state.held = how;
        }
        if held != Held::Taken {
            return;
        }
        let took = state.began.zip(state.ended);
        let took = took.and_then(|(began, ended)| ended.checked_sub(began));
        let probe = state.probe;
        let learnt = took.map(|took| Work { took, probe });
        self.overload.leave(learnt, || self.overload.now());
    }
}

/// What becomes of a request whose body has come.
#[derive(Default)]
pub(in crate::gateway) struct Arrival(Hold);

impl Arrival {
    /// If there was no place any more, that is what the client is told.
    pub(in crate::gateway) fn judge<T>(&self, answered: Result<T, Refusal>) -> Result<T, Refusal> {
        match &self.0.0 {
            Some(place) if place.state().is_refused => Err(refusal()),
            _ => answered,
        }
    }
}

/// A request's body.
struct Arriving {
    body: Body,
    place: Arc<Place>,
}

#[derive(Debug, thiserror::Error)]
#[error("too many requests are worked on")]
struct NoPlace;

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let has_come = match &polled {
            Poll::Pending => {
                self.place.leave(Held::SetAside);
                false
            }
            Poll::Ready(None) => true,
            Poll::Ready(Some(frame)) => frame.is_ok() && self.body.is_end_stream(),
        };
        if has_come && !self.place.take(Held::SetAside) {
            return Poll::Ready(Some(Err(NoPlace.into())));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::overload::{Adaptive, Overloads, Settings};
    use std::{
        num::NonZero,
        sync::atomic::{AtomicBool, Ordering},
        task::Waker,
    };

    /// A body of which nothing comes until all has come.
    struct Slow(Arc<AtomicBool>);

    impl http_body::Body for Slow {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match self.0.load(Ordering::Relaxed) {
                true => Poll::Ready(None),
                false => Poll::Pending,
            }
        }
    }

    fn one_place() -> Arc<Overload> {
        let settings = Settings {
            fixed: NonZero::new(1),
            adaptive: Adaptive::default(),
        };
        Overloads::default().limit(settings).unwrap()
    }

    /// One that holds the place, and whose body comes when this says so.
    fn slow(overload: &Arc<Overload>) -> (Hold, Body, Arrival, Arc<AtomicBool>) {
        let hold = Hold::new(Some(overload));
        hold.take(Priority::Normal).unwrap();
        let has_come = Arc::new(AtomicBool::new(false));
        let body = Body::streamed(Slow(Arc::clone(&has_come)));
        let (body, arrival) = hold.while_it_comes(body);
        (hold, body, arrival, has_come)
    }

    fn polled(body: &mut Body) -> Poll<Option<Result<Frame<Bytes>, ()>>> {
        let mut context = Context::from_waker(Waker::noop());
        let polled = Pin::new(body).poll_frame(&mut context);
        polled.map(|frame| frame.map(|frame| frame.map_err(drop)))
    }

    #[test]
    fn who_sends_slowly_holds_no_place_meanwhile() {
        let overload = one_place();
        let other = Hold::new(Some(&overload));
        let (hold, mut body, arrival, has_come) = slow(&overload);
        assert!(other.take(Priority::Normal).is_err());
        assert!(polled(&mut body).is_pending());
        let another = Hold::new(Some(&overload));
        another.take(Priority::Normal).unwrap();
        another.give_back();
        has_come.store(true, Ordering::Relaxed);
        assert!(matches!(polled(&mut body), Poll::Ready(None)));
        assert!(arrival.judge(Ok(())).is_ok());
        assert!(Hold::new(Some(&overload)).take(Priority::Normal).is_err());
        hold.give_back();
        assert!(Hold::new(Some(&overload)).take(Priority::Normal).is_ok());
    }

    #[test]
    fn a_body_that_comes_when_there_is_no_place_breaks_off() {
        let overload = one_place();
        let (hold, mut body, arrival, has_come) = slow(&overload);
        assert!(polled(&mut body).is_pending());
        let other = Hold::new(Some(&overload));
        other.take(Priority::Normal).unwrap();
        has_come.store(true, Ordering::Relaxed);
        assert!(matches!(polled(&mut body), Poll::Ready(Some(Err(())))));
        assert!(arrival.judge(Ok(())).is_err());
        // It has none to give back.
        hold.give_back();
        assert!(Hold::new(Some(&overload)).take(Priority::Normal).is_err());
    }

    #[test]
    fn a_body_that_comes_after_the_answer_takes_no_place() {
        let overload = one_place();
        let (hold, mut body, _, has_come) = slow(&overload);
        assert!(polled(&mut body).is_pending());
        hold.give_back();
        has_come.store(true, Ordering::Relaxed);
        assert!(matches!(polled(&mut body), Poll::Ready(None)));
        assert!(Hold::new(Some(&overload)).take(Priority::Normal).is_ok());
    }

    #[test]
    fn only_calls_that_did_something_are_learnt_from() {
        let overload = one_place();
        for (seen, is_learnt) in [
            (Ok(200), true),
            (Err("timeout"), true),
            (Ok(404), false),
            (Ok(503), false),
            (Err("connect"), false),
        ] {
            let hold = Hold::new(Some(&overload));
            hold.call_begins();
            hold.call_ended(seen);
            let ended = hold.0.unwrap().state().ended;
            assert_eq!(ended.is_some(), is_learnt, "{seen:?}");
        }
    }
}
