//! How much the executor allocates for a request: bounded, so that what grows is noticed.
//!
//! A test of its own, for its allocator counts. Bounds stand some way above what was measured; the subgraphs' side, a few
//! allocations a fetch, is counted too.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../../benches/hot/src/subgraphs.rs"]
mod subgraphs;

use graphway::executor::{self, Program, Reply, Request};
use graphway::operation::{self, ParserLimits};
use graphway::planner;
use graphway::schema::Supergraph;
use serde_json::Map;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use subgraphs::{HEAVY, ONE_FIELD, SUPERGRAPH, Shop};

/// What a thread has allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Allocated {
    times: usize,
    bytes: usize,
}

thread_local! {
    static ALLOCATED: Cell<Allocated> = const {
        Cell::new(Allocated { times: 0, bytes: 0 })
    };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(unsafe_code, reason = "what an allocator is; it passes everything on")]
// SAFETY: the system's allocator keeps the contract, and is given what we were given.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Growing counts as an allocation of all that is there then.
fn count(bytes: usize) {
    // A thread that ends has no counter any more.
    let _ = ALLOCATED.try_with(|allocated| {
        let Allocated { times, bytes: all } = allocated.get();
        allocated.set(Allocated {
            times: times + 1,
            bytes: all + bytes,
        });
    });
}

/// What a request takes once the program has run a few times, and the length of its data.
fn measure(text: &str) -> (Allocated, usize) {
    let supergraph = Arc::new(Supergraph::parse(SUPERGRAPH).unwrap());
    let program = program(&supergraph, text);
    let (shop, variables) = (Shop::new(), Map::new());
    let run = || {
        let request = Request {
            variables: &variables,
            introspection: None,
            subgraphs: &shop,
        };
        let before = ALLOCATED.get();
        let Reply::One(response) = now(executor::run(&program, request));
        let after = ALLOCATED.get();
        assert!(response.errors.is_empty(), "{:?}", response.errors);
        let taken = Allocated {
            times: after.times - before.times,
            bytes: after.bytes - before.bytes,
        };
        (taken, response.data().len())
    };
    for _ in 0..3 {
        run();
    }
    run()
}

fn program(supergraph: &Arc<Supergraph>, text: &str) -> Arc<Program> {
    let document = operation::prepare(supergraph, text, None, &ParserLimits::default()).unwrap();
    let variables = document.coerce(supergraph, Map::new()).unwrap();
    let operation = document.fold(supergraph, &document.conditions(&variables));
    let plan = planner::plan(supergraph, &operation.unwrap()).unwrap();
    executor::compile(supergraph, plan)
}

/// The shop answers at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the shop answers at once"),
    }
}

/// No more than `most`, and no less than half of it: then the bound is to be lowered.
fn assert_bounded(text: &str, most: Allocated) {
    let (taken, length) = measure(text);
    assert!(
        taken.times <= most.times && taken.bytes <= most.bytes,
        "{taken:?} for {length} bytes"
    );
    assert!(
        taken.times * 2 >= most.times && taken.bytes * 2 >= most.bytes,
        "{taken:?} for {length} bytes"
    );
}

/// Measured: 232 allocations, 255,405 bytes, for 6 fetches.
#[test]
fn the_heavy_query_allocates_little() {
    let most = Allocated {
        times: 280,
        bytes: 300_000,
    };
    assert_bounded(HEAVY, most);
}

/// Measured: 16 allocations, 1,580 bytes.
#[test]
fn one_field_allocates_little() {
    let most = Allocated {
        times: 20,
        bytes: 2_000,
    };
    assert_bounded(ONE_FIELD, most);
}
