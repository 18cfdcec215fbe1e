//! Runs a program: every fetch as soon as those it waits for are done.
//!
//! All of it is one future. Dropping that drops the calls under way, and no other starts.

use super::call::{self, Destination};
use super::compile::{Program, StepKind};
use super::errors::Errors;
use super::place::Placing;
use super::read::{self, Failure};
use super::rows::Rows;
use super::shape::RowLayout;
use super::{Answer, Call, Error, Reply, Request, Response, Subgraphs, contexts, write};
use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::HeaderMap;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Errors of all fetches together that are listed; more are only counted.
const LISTED_ERRORS: usize = 1000;

/// Answers with more bytes than this are read, and responses made of more are written, by [`Subgraphs::offload`]: that takes
/// a millisecond or more.
const LARGE: usize = 1024 * 1024;

/// Answers one request.
pub async fn run(program: &Arc<Program>, request: Request<'_>) -> Reply {
    let mut run = Run::new(program);
    let mut calls = FuturesUnordered::new();
    let subgraphs = request.subgraphs;
    let send = |(index, (call, destination))| async move {
        let answer = subgraphs.call(call).await;
        (index, destination, answer)
    };
    loop {
        while let Some(index) = run.ready.pop_front() {
            run.start(index, &request);
            calls.extend(run.next(index).map(send));
        }
        let Some((index, destination, answer)) = calls.next().await else {
            break;
        };
        match answer {
            Ok(answer) => run.take(index, destination, answer, subgraphs).await,
            Err(error) => run.fail(index, &destination, error.into()),
        }
        calls.extend(run.next(index).map(send));
    }
    run.reply(&request).await
}

/// Runs a job, elsewhere if it is large. None: it panicked there.
async fn work<T: Send + 'static>(
    subgraphs: &dyn Subgraphs,
    bytes: usize,
    job: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if bytes <= LARGE {
        return Some(job());
    }
    let (done, outcome) = oneshot::channel();
    let job = move || {
        // Whoever waits may be gone, before or after.
        if !done.is_closed() {
            let _ = done.send(job());
        }
    };
    subgraphs.offload(Box::new(job));
    outcome.await.ok()
}

struct Run<'a> {
    program: &'a Arc<Program>,
    rows: Rows,
    /// The bytes of all bodies so far.
    received: usize,
    /// Bodies that are read elsewhere. What this thread has allocated, and `write::room` too, is freed by it: mimalloc
    /// keeps large blocks that another thread frees, 800 MB of them under load.
    large: Vec<Bytes>,
    errors: Errors,
    /// By step: how many others it still waits for.
    waits_for: Vec<usize>,
    /// The steps that wait for nothing any more and have not started.
    ready: VecDeque<usize>,
    /// By step: the calls it has still to make, one after the other; the last one first.
    calls: Vec<SmallVec<[(Call, Destination); 1]>>,
    /// The headers of the answers, with the steps they are answers to.
    headers: Vec<(usize, HeaderMap)>,
    /// Of the answers so far.
    cost: f64,
}

impl<'a> Run<'a> {
    fn new(program: &'a Arc<Program>) -> Self {
        let steps = &program.steps;
        Self {
            program,
            rows: no_rows(program),
            received: 0,
            large: Vec::new(),
            errors: Errors::with_limit(LISTED_ERRORS),
            waits_for: steps.iter().map(|step| step.waits_for).collect(),
            ready: (0..steps.len())
                .filter(|index| steps[*index].waits_for == 0)
                .collect(),
            calls: steps.iter().map(|_| SmallVec::new()).collect(),
            headers: Vec::with_capacity(steps.len()),
            cost: 0.0,
        }
    }

    fn start(&mut self, index: usize, request: &Request<'_>) {
        let step = &self.program.steps[index];
        let (program, rows) = (self.program, &self.rows);
        let calls = match &step.kind {
            StepKind::Root {
                at,
                rows: layout,
                shape,
            } => call::root(program, (step, *at, (*layout, shape)), rows, request),
            StepKind::Entities(fields) => call::entities(program, (step, fields), rows, request),
            StepKind::Contextual(fields) => contexts::calls(program, (step, fields), rows, request),
        };
        if !calls.unset.is_empty() {
            let nowhere = Destination::Entities(Vec::new());
            let mut placing = Placing::new(self.program, &self.rows, step.subgraph, &nowhere);
            placing.unset(&calls.unset);
            self.errors.extend(placing.finish());
        }
        self.calls[index] = calls.list;
        self.calls[index].reverse();
    }

    /// The next call of a step. None: it is done.
    fn next(&mut self, index: usize) -> Option<(usize, (Call, Destination))> {
        let call = self.calls[index].pop();
        if call.is_none() {
            self.release(index);
        }
        Some((index, call?))
    }

    /// Lets the steps go on that waited for this one only.
    fn release(&mut self, index: usize) {
        for waiting in &self.program.steps[index].awaited_by {
            self.waits_for[*waiting] -= 1;
            if self.waits_for[*waiting] == 0 {
                self.ready.push_back(*waiting);
            }
        }
    }

    /// Takes the answer to a call of the step `index`.
    async fn take(
        &mut self,
        index: usize,
        destination: Destination,
        answer: Answer,
        subgraphs: &dyn Subgraphs,
    ) {
        let step = &self.program.steps[index];
        let bytes = answer.body.len();
        self.received += bytes;
        if bytes > LARGE {
            self.large.push(answer.body.clone());
        }
        let (program, mut rows) = (Arc::clone(self.program), std::mem::take(&mut self.rows));
        let weights = subgraphs.weights();
        let job = move || {
            let answered = (&answer, weights.as_deref());
            let read = read::read(&program, (index, &destination), answered, &mut rows);
            (read, rows, destination, answer.headers)
        };
        let Some((read, rows, destination, headers)) = work(subgraphs, bytes, job).await else {
            self.rows = no_rows(self.program);
            let nowhere = Destination::Entities(Vec::new());
            return self.fail(index, &nowhere, Failure::malformed("it could not be read"));
        };
        self.rows = rows;
        self.headers.push((index, headers));
        let reading = match read {
            Ok(reading) => reading,
            Err(failure) => return self.fail(index, &destination, failure),
        };
        self.cost += reading.cost;
        let has_errors = read::has_errors(&reading.errors);
        if !has_errors && reading.findings.is_empty() {
            return;
        }
        let mut placing = Placing::new(self.program, &self.rows, step.subgraph, &destination);
        if has_errors {
            placing.subgraph_errors(reading.errors);
        }
        placing.findings(reading.findings);
        self.errors.extend(placing.finish());
    }

    fn fail(&mut self, index: usize, destination: &Destination, failure: Failure) {
        let step = &self.program.steps[index];
        let mut placing = Placing::new(self.program, &self.rows, step.subgraph, destination);
        placing.failure(failure);
        self.errors.extend(placing.finish());
    }

    async fn reply(mut self, request: &Request<'_>) -> Reply {
        let (program, rows) = (Arc::clone(self.program), self.rows);
        let mut errors = self.errors.finish();
        let introspection = request.introspection.cloned();
        let room = write::room(&program);
        let job = move || {
            let introspection = introspection.as_deref();
            let (text, more) = write::write((&program, &rows), introspection, &errors, room);
            errors.extend(more);
            (text, errors)
        };
        let written = work(request.subgraphs, self.received, job).await;
        let (text, errors) = written.unwrap_or_else(|| {
            let nothing = [Response::HEAD, b"null"].concat();
            (nothing, vec![Error::internal()])
        });
        self.headers.sort_by_key(|(step, _)| *step);
        let subgraph = |step: usize| self.program.steps[step].subgraph;
        let headers = self.headers.into_iter();
        Reply::One(Response {
            text,
            errors,
            cost: self.cost,
            headers: headers
                .map(|(step, headers)| (subgraph(step), headers))
                .collect(),
        })
    }
}

fn no_rows(program: &Program) -> Rows {
    let root = program.positions.first().map(RowLayout::of);
    Rows::new(root.unwrap_or_default())
}
