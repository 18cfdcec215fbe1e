//! Looks for operations on which a peer's plan is better than ours.
//!
//! A plan is *dominated* when another has no more requests and no longer chain of them, and is better in one of the two.
//! The other may be wrong: each find is cut back to its smallest form and written down with all three plans, to be judged.

use crate::document::Document;
use crate::generate::Generator;
use crate::graphs::Graph;
use crate::planners::{Kind, Outline};
use crate::process::{Limits, Outcome, Process};
use crate::shrink::shrink;
use crate::worker::{Reply, Request};
use anyhow::{Context, Result};
use graphway::schema::Supergraph;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

/// What to try.
#[derive(Clone, Debug)]
pub struct Search {
    pub seed: u64,
    /// Operations for each supergraph.
    pub count: u64,
    /// Finds to write down for each supergraph and kind of find.
    pub keep: usize,
    /// Where to.
    pub out: PathBuf,
    pub limits: Limits,
}

/// Why an operation is worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Find {
    /// Hive's plan is better.
    Hive,
    /// Apollo's plan is better.
    Apollo,
    /// We have no plan, a peer has.
    Unplanned,
}

/// What came of one supergraph.
#[derive(Default)]
struct Tally {
    operations: usize,
    planned: [usize; 3],
    /// Requests over the operations that all three planned.
    requests: [usize; 3],
    finds: BTreeMap<Find, usize>,
    /// Operations on which our plan is better than Hive's, and than Apollo's.
    better: [usize; 2],
}

impl Search {
    /// Searches one supergraph; returns how many finds there were.
    pub fn run(&self, graph: &Graph) -> Result<usize> {
        let sdl = std::fs::read_to_string(&graph.file)?;
        let supergraph = Supergraph::parse(&sdl);
        let supergraph = match supergraph {
            Ok(supergraph) => supergraph,
            Err(error) => {
                println!("{}: does not load: {error}", graph.name);
                return Ok(0);
            }
        };
        let generator = Generator::new(supergraph.api());
        let mut planners = Planners::new(graph, &self.limits);
        let (mut tally, mut kept) = (Tally::default(), BTreeMap::new());
        for seed in (self.seed..).take(usize::try_from(self.count)?) {
            let Some(document) = generator.operation(seed) else {
                continue;
            };
            let outlines = planners.outlines(&document)?;
            tally.add(&outlines);
            for find in finds(&document, &outlines) {
                *tally.finds.entry(find).or_default() += 1;
                let known: &mut Vec<Document> = kept.entry(find).or_default();
                if known.len() < self.keep {
                    let small = shrink(document.clone(), |smaller| {
                        Ok(finds(smaller, &planners.outlines(smaller)?).contains(&find))
                    })?;
                    if !known.contains(&small) {
                        self.write(graph, find, &small, &mut planners)?;
                        known.push(small);
                    }
                }
            }
        }
        println!("{}: {}", graph.name, tally.text());
        Ok(tally.finds.values().sum())
    }

    fn write(
        &self,
        graph: &Graph,
        find: Find,
        document: &Document,
        planners: &mut Planners,
    ) -> Result<()> {
        let operation = document.to_string();
        let mut text = format!(
            "{find:?} on {}\n\nSupergraph: {}\n\n```graphql\n{operation}```\n",
            graph.name,
            graph.file.display()
        );
        for (kind, process) in Kind::ALL.into_iter().zip(&mut planners.processes) {
            let outcome = process.ask(&Request::checked(&operation))?;
            let _ = write!(text, "\n## {}\n\n{}", kind.name(), described(&outcome));
        }
        let mut hasher = DefaultHasher::new();
        operation.hash(&mut hasher);
        let kind = format!("{find:?}").to_lowercase();
        let name = format!(
            "quality-{}-{kind}-{:08x}.md",
            graph.name,
            hasher.finish() as u32
        );
        std::fs::create_dir_all(&self.out)?;
        let file = self.out.join(name);
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        println!("  {}", file.display());
        Ok(())
    }
}

/// An answer as a page's section.
pub fn described(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Replied(Reply::Planned { outline, .. }) => {
            let complaint = outline.complaint.as_ref();
            let complaint = complaint.map(|says| format!("\nApollo's checker: {says}\n"));
            format!(
                "{} requests, depth {}, {} bytes\n\n```\n{}\n```\n{}",
                outline.requests,
                outline.depth,
                outline.bytes,
                outline.text.trim_end(),
                complaint.unwrap_or_default()
            )
        }
        Outcome::Replied(Reply::Failed { message, .. }) => format!("failed: {message}\n"),
        other => format!("{other:?}\n"),
    }
}

struct Planners {
    processes: [Process; 3],
}

impl Planners {
    fn new(graph: &Graph, limits: &Limits) -> Self {
        Self {
            processes: Kind::ALL.map(|kind| Process::new(kind, &graph.file, limits)),
        }
    }

    /// The three plans, where there is one that Apollo's checker has nothing against.
    fn outlines(&mut self, document: &Document) -> Result<[Option<Outline>; 3]> {
        let request = Request::checked(&document.to_string());
        let mut outlines = [None, None, None];
        for (outline, process) in outlines.iter_mut().zip(&mut self.processes) {
            if let Outcome::Replied(Reply::Planned { outline: found, .. }) =
                process.ask(&request)?
            {
                *outline = Some(found).filter(|outline| outline.complaint.is_none());
            }
        }
        Ok(outlines)
    }
}

fn finds(document: &Document, [ours, hive, apollo]: &[Option<Outline>; 3]) -> Vec<Find> {
    let peers = [(Find::Hive, hive), (Find::Apollo, apollo)];
    let Some(ours) = ours else {
        let is_planned = hive.is_some() || apollo.is_some();
        return is_planned.then_some(Find::Unplanned).into_iter().collect();
    };
    let dominated = |(find, peer): (Find, &Option<Outline>)| {
        let is_better = peer.as_ref().is_some_and(|peer| dominates(peer, ours));
        // Hive runs a mutation's field while the entities of the one before are still fetched, which is not serial.
        let is_early = document.kind == "mutation" && find == Find::Hive;
        let is_better = is_better
            && !(is_early
                && peer
                    .as_ref()
                    .is_some_and(|peer| peer.requests == ours.requests));
        is_better.then_some(find)
    };
    peers.into_iter().filter_map(dominated).collect()
}

fn dominates(one: &Outline, other: &Outline) -> bool {
    let is_no_worse = one.requests <= other.requests && one.depth <= other.depth;
    is_no_worse && (one.requests, one.depth) != (other.requests, other.depth)
}

impl Tally {
    fn add(&mut self, outlines: &[Option<Outline>; 3]) {
        self.operations += 1;
        for (planned, outline) in self.planned.iter_mut().zip(outlines) {
            *planned += usize::from(outline.is_some());
        }
        let [Some(ours), Some(hive), Some(apollo)] = outlines else {
            return;
        };
        for (total, outline) in self.requests.iter_mut().zip([ours, hive, apollo]) {
            *total += outline.requests;
        }
        for (better, peer) in self.better.iter_mut().zip([hive, apollo]) {
            *better += usize::from(dominates(ours, peer));
        }
    }

    fn text(&self) -> String {
        let [ours, hive, apollo] = self.planned;
        let [of_ours, of_hive, of_apollo] = self.requests;
        let [than_hive, than_apollo] = self.better;
        format!(
            "{} operations; planned {ours} / {hive} / {apollo}; requests where all did {of_ours} / {of_hive} / {of_apollo}; \
             better than Hive {than_hive}, than Apollo {than_apollo}; finds {:?}",
            self.operations, self.finds
        )
    }
}
