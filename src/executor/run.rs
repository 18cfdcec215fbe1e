//! Runs a program: every fetch as soon as those it waits for are done.
//!
//! All of it is one future. Dropping that drops the calls under way, and no other starts.

use super::call::{self, Destination};
use super::compile::{Program, Step, StepKind};
use super::errors::Errors;
use super::place::Placing;
use super::read::{self, Failure};
use super::rows::Rows;
use super::shape::RowLayout;
use super::{Answer, Call, CallError, Reply, Request, Response, contexts, write};
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::HeaderMap;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// Errors of all fetches together that are listed; more are only counted.
const LISTED_ERRORS: usize = 1000;

/// Answers one request.
pub async fn run(program: &Program, request: Request<'_>) -> Reply {
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
        run.finish(index, &destination, answer);
        calls.extend(run.next(index).map(send));
    }
    run.reply(&request)
}

struct Run<'a> {
    program: &'a Program,
    rows: Rows,
    errors: Errors,
    /// By step: how many others it still waits for.
    waits_for: Vec<usize>,
    /// The steps that wait for nothing any more and have not started.
    ready: VecDeque<usize>,
    /// By step: the calls it has still to make, one after the other; the last one first.
    calls: Vec<SmallVec<[(Call, Destination<'a>); 1]>>,
    /// The headers of the answers, with the steps they are answers to.
    headers: Vec<(usize, HeaderMap)>,
}

impl<'a> Run<'a> {
    fn new(program: &'a Program) -> Self {
        let steps = &program.steps;
        let root = program.positions.first().map(RowLayout::of);
        Self {
            program,
            rows: Rows::new(root.unwrap_or_default()),
            errors: Errors::with_limit(LISTED_ERRORS),
            waits_for: steps.iter().map(|step| step.waits_for).collect(),
            ready: (0..steps.len())
                .filter(|index| steps[*index].waits_for == 0)
                .collect(),
            calls: steps.iter().map(|_| SmallVec::new()).collect(),
            headers: Vec::with_capacity(steps.len()),
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
    fn next(&mut self, index: usize) -> Option<(usize, (Call, Destination<'a>))> {
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

    fn finish(
        &mut self,
        index: usize,
        destination: &Destination<'_>,
        answer: Result<Answer, CallError>,
    ) {
        let step = &self.program.steps[index];
        match answer {
            Ok(answer) => {
                self.take(index, destination, &answer);
                self.headers.push((index, answer.headers));
            }
            Err(error) => self.fail(step, destination, error.into()),
        }
    }

    fn take(&mut self, index: usize, destination: &Destination<'_>, answer: &Answer) {
        let step = &self.program.steps[index];
        let reading = match read::read(self.program, (index, destination), answer, &mut self.rows) {
            Ok(reading) => reading,
            Err(failure) => return self.fail(step, destination, failure),
        };
        let has_errors = read::has_errors(&reading.errors);
        if !has_errors && reading.findings.is_empty() {
            return;
        }
        let mut placing = Placing::new(self.program, &self.rows, step.subgraph, destination);
        if has_errors {
            placing.subgraph_errors(reading.errors);
        }
        placing.findings(reading.findings);
        self.errors.extend(placing.finish());
    }

    fn fail(&mut self, step: &Step, destination: &Destination<'_>, failure: Failure) {
        let mut placing = Placing::new(self.program, &self.rows, step.subgraph, destination);
        placing.failure(failure);
        self.errors.extend(placing.finish());
    }

    fn reply(mut self, request: &Request<'_>) -> Reply {
        let mut errors = self.errors.finish();
        let (text, more) = write::write(self.program, &self.rows, request.introspection, &errors);
        errors.extend(more);
        self.headers.sort_by_key(|(step, _)| *step);
        let subgraph = |step: usize| self.program.steps[step].subgraph;
        let headers = self.headers.into_iter();
        Reply::One(Response {
            text,
            errors,
            headers: headers
                .map(|(step, headers)| (subgraph(step), headers))
                .collect(),
        })
    }
}
