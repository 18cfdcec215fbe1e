//! What is fuzzed, and what must hold.

use crate::{answers::Odd, choices::Choices, gate, mutate, operations, supergraphs};
use futures_util::FutureExt;
use graphway::executor::{self, Program, Reply, Request};
use graphway::operation::{self, ParserLimits};
use graphway::planner::{self, Plan};
use graphway::schema::Supergraph;
use serde_json::{Map, Value};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Something to give inputs to.
pub struct Target {
    pub name: &'static str,
    /// The longest that one input may take, checks included.
    pub enough: Duration,
    /// What is wrong with an input, else whether it came far. Panics are wrong too.
    pub run: fn(&[u8]) -> Result<bool, String>,
    /// An input as people read it.
    pub show: fn(&[u8]) -> String,
}

static TARGETS: [Target; 6] = [
    Target {
        name: "planner",
        enough: Duration::from_secs(2),
        run: planner,
        show: show_planner,
    },
    Target {
        name: "operation",
        enough: Duration::from_secs(2),
        run: operation,
        show: show_operation,
    },
    Target {
        name: "supergraph",
        enough: Duration::from_secs(2),
        run: supergraph,
        show: show_supergraph,
    },
    Target {
        name: "reader",
        enough: Duration::from_secs(1),
        run: reader,
        show: show_reader,
    },
    Target {
        name: "config",
        enough: Duration::from_secs(1),
        run: config,
        show: show_config,
    },
    Target {
        name: "gate",
        enough: Duration::from_millis(100),
        run: gate::run,
        show: gate::show,
    },
];

const SAMPLE: &str = include_str!("../../../supergraph/supergraph.graphql");

static SHOP: LazyLock<Arc<Supergraph>> =
    LazyLock::new(|| Arc::new(Supergraph::parse(SAMPLE).expect("the sample is sound")));

pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

pub fn names() -> String {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    names.join(" ")
}

/// The plan of an operation; none when it is refused.
fn plan(supergraph: &Supergraph, text: &str) -> Option<Plan> {
    let document = operation::prepare(supergraph, text, None, &ParserLimits::default()).ok()?;
    let variables = document.coerce(supergraph, Map::new()).unwrap_or_default();
    let operation = document
        .fold(supergraph, &document.conditions(&variables))
        .ok()?;
    planner::plan(supergraph, &operation).ok()
}

/// A random operation on a random supergraph is planned (which checks the plan), twice the same, or refused.
fn planner(input: &[u8]) -> Result<bool, String> {
    let mut choices = Choices::new(input);
    let sdl = supergraphs::supergraph(&mut choices);
    let supergraph =
        Supergraph::parse(&sdl).map_err(|error| format!("it does not load: {error}"))?;
    let mut planned = false;
    for _ in 0..3 {
        let text = operations::operation(&mut choices, supergraph.api());
        let Some(first) = plan(&supergraph, &text) else {
            continue;
        };
        planned = true;
        let again = plan(&supergraph, &text).map(|plan| plan.display(&supergraph).to_string());
        if again != Some(first.display(&supergraph).to_string()) {
            return Err(format!("planned twice, differently: {text}"));
        }
    }
    Ok(planned)
}

fn show_planner(input: &[u8]) -> String {
    let mut choices = Choices::new(input);
    let sdl = supergraphs::supergraph(&mut choices);
    let mut text = sdl.clone();
    if let Ok(supergraph) = Supergraph::parse(&sdl) {
        for _ in 0..3 {
            text.push_str("\n\n");
            text.push_str(&operations::operation(&mut choices, supergraph.api()));
        }
    }
    text
}

const WORDS: [&str; 22] = [
    "{",
    "}",
    "(",
    ")",
    "...",
    "on",
    "fragment",
    "query",
    "mutation",
    "subscription",
    "@skip(if: true)",
    "@include(if: $a)",
    "__typename",
    "__schema",
    "$a",
    "\"",
    "\"\"\"",
    "#",
    ":",
    "null",
    "-1e999",
    "name",
];

fn operation_text(input: &[u8]) -> String {
    let mut choices = Choices::new(input);
    let text = operations::operation(&mut choices, SHOP.api());
    match choices.chance(70) {
        true => mutate::text(&mut choices, &text, &WORDS),
        false => text,
    }
}

/// Any text is refused or planned.
fn operation(input: &[u8]) -> Result<bool, String> {
    let text = operation_text(input);
    Ok(plan(&SHOP, &text).is_some())
}

fn show_operation(input: &[u8]) -> String {
    operation_text(input)
}

fn supergraph_text(choices: &mut Choices) -> String {
    let good = match choices.chance(30) {
        true => SAMPLE.to_owned(),
        false => supergraphs::supergraph(choices),
    };
    let words = [
        "@inaccessible",
        "external: true",
        "requires: \"f0\"",
        "provides: \"f1\"",
        "key: \"id { id }\"",
        "__typename",
        "E0",
        "I0",
        "U0",
        "f0",
        "G0",
        "G9",
        "[",
        "]",
        "!",
        "{",
        "}",
        "\"",
        "type",
        "interface",
        "union",
        "@join__field",
        "@link",
        "\"... on E0 { f0 }\"",
    ];
    mutate::text(choices, &good, &words)
}

/// Any text is refused or loads, and what loads refuses operations or plans them. What lies about itself may get plans
/// that do not pass the checks: a subgraph will say so.
fn supergraph(input: &[u8]) -> Result<bool, String> {
    let mut choices = Choices::new(input);
    let sdl = supergraph_text(&mut choices);
    let Ok(supergraph) = Supergraph::parse(&sdl) else {
        return Ok(false);
    };
    for _ in 0..2 {
        let text = operations::operation(&mut choices, supergraph.api());
        let planned = std::panic::catch_unwind(|| plan(&supergraph, &text).is_some());
        if let Err(panic) = planned {
            let said = panic.downcast_ref::<String>().map_or("", String::as_str);
            if !said.starts_with("assertion `left == right` failed: fetch") {
                return Err(format!("planning {text} panics: {said}"));
            }
        }
    }
    Ok(true)
}

fn show_supergraph(input: &[u8]) -> String {
    supergraph_text(&mut Choices::new(input))
}

/// What the reader's programs ask.
const READ: [&str; 4] = [
    "{ me { name tier discountPercent orders { nodes { id lines { item { __typename name ... on Product { sku reviews { nodes { rating } } } } } } } } }",
    "{ search(text: \"a\") { ... on Product { upc shippingEstimate { amount } stock { level warehouse { name } } } ... on Bundle { code timesOrdered } } }",
    "{ featured { timesOrdered name price { amount display } } a: categories { slug parent { name } } }",
    "mutation { advanceOrder(id: 1) { status customer { name } } renameUser(id: 1, name: \"a\") { email address { city } } }",
];

static PROGRAMS: LazyLock<Vec<Arc<Program>>> = LazyLock::new(|| {
    let program = |text: &&str| plan(&SHOP, text).map(|plan| executor::compile(&SHOP, plan));
    READ.iter().filter_map(program).collect()
});

/// Whatever subgraphs answer, the client gets JSON.
fn reader(input: &[u8]) -> Result<bool, String> {
    let mut choices = Choices::new(input);
    let program = made_up(&mut choices);
    let Some(program) = program.as_ref().or_else(|| choices.pick(&PROGRAMS)) else {
        return Err("there is no program".to_owned());
    };
    let odd = Odd::new(choices);
    let request = Request {
        variables: &Map::new(),
        introspection: None,
        subgraphs: &odd,
    };
    let reply = executor::run(program, request).now_or_never();
    let Some(Reply::One(response)) = reply else {
        return Err("it waits for more than its answers".to_owned());
    };
    let data: Value = serde_json::from_slice(response.data())
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(response.data())))?;
    Ok(response.data().len() > 60 && data.is_object())
}

/// A random operation on a random supergraph, as often as not.
fn made_up(choices: &mut Choices) -> Option<Arc<Program>> {
    if choices.chance(50) {
        return None;
    }
    let supergraph = Supergraph::parse(&supergraphs::supergraph(choices)).ok()?;
    let text = operations::operation(choices, supergraph.api());
    let plan = plan(&supergraph, &text)?;
    Some(executor::compile(&Arc::new(supergraph), plan))
}

fn show_reader(input: &[u8]) -> String {
    let mut choices = Choices::new(input);
    let shown = match choices.chance(50) {
        true => READ[choices.below(READ.len())].to_owned(),
        false => show_planner(&input[1.min(input.len())..]),
    };
    format!(
        "{shown}\n(answers are made of what is left of {} bytes)",
        input.len()
    )
}

const ROUTER_YAML: &str = include_str!("../../../router.yaml");

fn config_text(input: &[u8]) -> String {
    let mut choices = Choices::new(input);
    let words = [
        "null",
        "true",
        "-1",
        "1e9",
        "30s",
        "${env.A}",
        "${file.B}",
        "${",
        "[",
        "]",
        "{",
        "}",
        ":",
        "- ",
        "*a",
        "&a ",
        "\n",
        "  ",
        "'",
        "\"",
        "!!int ",
        "/**",
    ];
    mutate::text(&mut choices, ROUTER_YAML, &words)
}

/// Any text is a configuration or an error with its place.
fn config(input: &[u8]) -> Result<bool, String> {
    let environment = graphway::config::Environment {
        variable: &|name| (name == "A").then(|| "value".to_owned()),
        file: &|_| Ok("text".to_owned()),
    };
    Ok(graphway::config::parse("router.yaml", &config_text(input), &environment).is_ok())
}

fn show_config(input: &[u8]) -> String {
    config_text(input)
}
