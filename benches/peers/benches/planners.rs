//! Criterion over the named cases: planning alone, by each planner that can.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use peers::cases::{self, Case};
use peers::graphs;
use peers::planners::{Apollo, Graphway, Hive, Kind, Planner};
use peers::process::{Limits, Outcome, Process};
use peers::worker::{Reply, Request};
use std::path::Path;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn planners(criterion: &mut Criterion) {
    let many_plans = std::env::var_os("MANY_PLANS");
    let cases = cases::all(many_plans.as_deref().map(Path::new)).expect("the cases compose");
    for case in &cases {
        for kind in Kind::ALL.into_iter().filter(|kind| can(*kind, case)) {
            match kind {
                Kind::Graphway => bench::<Graphway>(criterion, kind, case),
                Kind::Hive => bench::<Hive>(criterion, kind, case),
                Kind::Apollo => bench::<Apollo>(criterion, kind, case),
            }
        }
    }
}

/// Whether the planner has a plan within a second: found out in a process of its own.
fn can(kind: Kind, case: &Case) -> bool {
    let limits = Limits {
        program: env!("CARGO_BIN_EXE_peers").into(),
        time: Duration::from_secs(1),
        mebibytes: 4096,
    };
    let work = std::env::temp_dir().join("graphway-peers");
    let graph = graphs::write(&work, "bench", &case.supergraph).expect("a writable folder");
    let request = Request::timed(&case.operation, Duration::ZERO);
    let outcome = Process::new(kind, &graph.file, &limits).ask(&request);
    matches!(outcome, Ok(Outcome::Replied(Reply::Planned { .. })))
}

fn bench<P: Planner>(criterion: &mut Criterion, kind: Kind, case: &Case) {
    let planner = P::load(&case.supergraph).expect("it did load");
    let operation = planner.prepare(&case.operation).expect("it did plan");
    let mut group = criterion.benchmark_group(case.name);
    group.bench_function(kind.name(), |bencher| {
        bencher.iter_batched(|| (), |()| planner.plan(&operation), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group! {
    name = all;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1));
    targets = planners
}
criterion_main!(all);
