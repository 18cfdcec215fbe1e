//! Another planner's plans, carried out over the world: what shows that the world can be
//! satisfied, and by rules that are not only ours. A slow interpreter over JSON.

use apollo_compiler::executable;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use apollo_federation::Supergraph;
use apollo_federation::query_plan::query_planner::{
    QueryPlanOptions, QueryPlanner, QueryPlannerConfig,
};
use apollo_federation::query_plan::requires_selection::Selection;
use apollo_federation::query_plan::{
    FetchDataPathElement as Step, FetchDataRewrite, FetchNode, PlanNode, TopLevelPlanNode,
};
use serde_json::{Map, Value, json};

use super::shape;

type Call<'c> = &'c dyn Fn(&str, &Value) -> Value;

pub struct Peer {
    planner: QueryPlanner,
    schema: Valid<Schema>,
}

struct Run<'r> {
    schema: &'r Schema,
    variables: &'r Value,
    call: Call<'r>,
    data: Value,
    errors: Vec<Value>,
}

impl Peer {
    pub fn new(sdl: &str) -> Result<Self, String> {
        let supergraph = Supergraph::new(sdl).map_err(|error| error.to_string())?;
        let schema = supergraph.schema.schema().clone();
        let planner = QueryPlanner::new(&supergraph, QueryPlannerConfig::default())
            .map_err(|error| error.to_string())?;
        Ok(Peer { planner, schema })
    }

    pub fn run(&self, query: &str, variables: &Value, call: Call<'_>) -> Result<Value, String> {
        let api = self.planner.api_schema();
        let document = ExecutableDocument::parse_and_validate(api.schema(), query, "operation")
            .map_err(|error| error.errors.to_string())?;
        let plan = self
            .planner
            .build_query_plan(&document, None, QueryPlanOptions::default())
            .map_err(|error| format!("no plan: {error}"))?;
        if std::env::var("WORLD_PLAN").is_ok() {
            println!("{plan}");
        }
        let operation = document.operations.get(None).map_err(|e| e.message().to_string())?;
        let defaults = defaulted(operation, variables);
        let mut run = Run {
            schema: &self.schema,
            variables: &defaults,
            call,
            data: json!({}),
            errors: Vec::new(),
        };
        match plan.node {
            Some(TopLevelPlanNode::Fetch(fetch)) => run.fetch(&fetch, &[]),
            Some(TopLevelPlanNode::Sequence(node)) => run.all(&node.nodes, &[]),
            Some(TopLevelPlanNode::Parallel(node)) => run.all(&node.nodes, &[]),
            Some(TopLevelPlanNode::Flatten(node)) => run.node(&node.node, &node.path),
            Some(TopLevelPlanNode::Condition(node)) => {
                run.node(&PlanNode::Condition(node), &[]);
            }
            Some(_) => return Err("unexpected node".to_owned()),
            None => {}
        }
        let Run { data, errors, .. } = run;
        let data = shape::shaped(api.schema(), &document, operation, &defaults, &data);
        let mut answer = Map::new();
        if !errors.is_empty() {
            answer.insert("errors".to_owned(), Value::Array(errors));
        }
        answer.insert("data".to_owned(), data);
        Ok(Value::Object(answer))
    }
}

/// The variables with defaults filled in.
fn defaulted(operation: &executable::Operation, variables: &Value) -> Value {
    let mut all = variables.clone();
    for definition in &operation.variables {
        if let Some(default) = &definition.default_value
            && all.get(definition.name.as_str()).is_none()
        {
            all[definition.name.as_str()] = super::field_set::json(default);
        }
    }
    all
}

impl Run<'_> {
    fn all(&mut self, nodes: &[PlanNode], path: &[Step]) {
        for node in nodes {
            self.node(node, path);
        }
    }

    fn node(&mut self, node: &PlanNode, path: &[Step]) {
        match node {
            PlanNode::Fetch(fetch) => self.fetch(fetch, path),
            PlanNode::Sequence(node) => self.all(&node.nodes, path),
            PlanNode::Parallel(node) => self.all(&node.nodes, path),
            PlanNode::Flatten(node) => self.node(&node.node, &node.path),
            PlanNode::Condition(node) => {
                let holds = self.variables[node.condition_variable.as_str()] == true;
                let branch = if holds { &node.if_clause } else { &node.else_clause };
                if let Some(branch) = branch {
                    self.node(branch, path);
                }
            }
            PlanNode::Defer(_) => {}
        }
    }

    fn fetch(&mut self, fetch: &FetchNode, path: &[Step]) {
        let mut variables = Map::new();
        for name in &fetch.variable_usages {
            if let Some(value) = self.variables.get(name.as_str()) {
                variables.insert(name.to_string(), value.clone());
            }
        }
        let mut sent: Vec<Value> = Vec::new();
        let mut targets = Vec::new();
        if !fetch.requires.is_empty() {
            let mut places = Vec::new();
            find(self.schema, &self.data, path, String::new(), &mut places);
            for place in places {
                let Some(object) = self.data.pointer(&place) else {
                    continue;
                };
                let Some(mut representation) = represent(self.schema, object, &fetch.requires)
                else {
                    continue;
                };
                for rewrite in fetch.input_rewrites.iter() {
                    rewrite_value(self.schema, &mut representation, rewrite);
                }
                let index = sent.iter().position(|other| *other == representation);
                let index = index.unwrap_or_else(|| {
                    sent.push(representation);
                    sent.len() - 1
                });
                targets.push((place, index));
            }
            if sent.is_empty() {
                return;
            }
            variables.insert("representations".to_owned(), Value::Array(sent));
        }
        let body = json!({
            "query": fetch.operation_document.as_serialized(),
            "variables": variables,
            "operationName": fetch.operation_name.as_ref().map(|name| name.as_str()),
        });
        let mut answer = (self.call)(&fetch.subgraph_name, &body);
        if let Some(errors) = answer["errors"].as_array() {
            self.errors.extend(errors.iter().cloned());
        }
        let mut data = answer["data"].take();
        if fetch.requires.is_empty() {
            for rewrite in &fetch.output_rewrites {
                rewrite_value(self.schema, &mut data, rewrite);
            }
            merge(self.schema, &mut self.data, data);
            return;
        }
        for (place, index) in targets {
            let mut entity = data["_entities"][index].clone();
            for rewrite in &fetch.output_rewrites {
                rewrite_value(self.schema, &mut entity, rewrite);
            }
            if let Some(object) = self.data.pointer_mut(&place) {
                merge(self.schema, object, entity);
            }
        }
    }
}

fn is_of(schema: &Schema, value: &Value, ty: &str) -> bool {
    let actual = value["__typename"].as_str().unwrap_or_default();
    actual == ty || schema.is_subtype(ty, actual)
}

fn find(schema: &Schema, value: &Value, path: &[Step], at: String, places: &mut Vec<String>) {
    if let Value::Array(items) = value {
        let rest = match path.first() {
            Some(Step::AnyIndex(_)) => &path[1..],
            _ => path,
        };
        for (index, item) in items.iter().enumerate() {
            find(schema, item, rest, format!("{at}/{index}"), places);
        }
        return;
    }
    if !value.is_object() {
        return;
    }
    match path.split_first() {
        None => places.push(at),
        Some((Step::Key(name, conditions), rest)) => {
            let fits = |conditions: &Vec<apollo_compiler::Name>| {
                conditions.iter().any(|ty| is_of(schema, value, ty))
            };
            if conditions.as_ref().is_none_or(fits)
                && let Some(below) = value.get(name.as_str())
            {
                find(schema, below, rest, format!("{at}/{name}"), places);
            }
        }
        Some((Step::TypenameEquals(ty), rest)) => {
            if is_of(schema, value, ty) {
                find(schema, value, rest, at, places);
            }
        }
        Some(_) => {}
    }
}

fn represent(schema: &Schema, object: &Value, requires: &[Selection]) -> Option<Value> {
    let mut out = Map::new();
    let mut fits = false;
    for selection in requires {
        match selection {
            Selection::InlineFragment(fragment) => {
                let applies = fragment
                    .type_condition
                    .as_ref()
                    .is_none_or(|ty| is_of(schema, object, ty));
                if applies && let Some(Value::Object(part)) = represent(schema, object, &fragment.selections) {
                    fits = true;
                    for (name, value) in part {
                        merge(schema, out.entry(name).or_insert(Value::Null), value);
                    }
                }
            }
            Selection::Field(field) => {
                fits = true;
                let key = field.alias.as_ref().unwrap_or(&field.name);
                let value = object.get(key.as_str());
                let value = match value {
                    Some(value) => value,
                    None => return None,
                };
                out.insert(field.name.to_string(), represent_value(schema, value, &field.selections)?);
            }
        }
    }
    fits.then_some(Value::Object(out))
}

fn represent_value(schema: &Schema, value: &Value, selections: &[Selection]) -> Option<Value> {
    match value {
        Value::Array(items) => {
            let items: Option<Vec<_>> = items
                .iter()
                .map(|item| represent_value(schema, item, selections))
                .collect();
            items.map(Value::Array)
        }
        Value::Object(_) if !selections.is_empty() => {
            Some(represent(schema, value, selections).unwrap_or(json!({})))
        }
        leaf => Some(leaf.clone()),
    }
}

fn rewrite_value(schema: &Schema, value: &mut Value, rewrite: &FetchDataRewrite) {
    let path = match rewrite {
        FetchDataRewrite::ValueSetter(setter) => &setter.path,
        FetchDataRewrite::KeyRenamer(renamer) => &renamer.path,
    };
    rewrite_at(schema, value, path, rewrite);
}

fn rewrite_at(schema: &Schema, value: &mut Value, path: &[Step], rewrite: &FetchDataRewrite) {
    if let Value::Array(items) = value {
        let rest = match path.first() {
            Some(Step::AnyIndex(_)) => &path[1..],
            _ => path,
        };
        for item in items {
            rewrite_at(schema, item, rest, rewrite);
        }
        return;
    }
    match path.split_first() {
        Some((Step::Key(name, _), [])) => {
            let Value::Object(fields) = value else { return };
            match rewrite {
                FetchDataRewrite::ValueSetter(setter) => {
                    fields.insert(name.to_string(), json!(setter.set_value_to));
                }
                FetchDataRewrite::KeyRenamer(renamer) => {
                    if let Some(value) = fields.shift_remove(name.as_str()) {
                        let new = fields.entry(renamer.rename_key_to.to_string());
                        merge(schema, new.or_insert(Value::Null), value);
                    }
                }
            }
        }
        Some((Step::Key(name, _), rest)) => {
            if let Some(below) = value.get_mut(name.as_str()) {
                rewrite_at(schema, below, rest, rewrite);
            }
        }
        Some((Step::TypenameEquals(ty), rest)) => {
            if is_of(schema, value, ty) {
                rewrite_at(schema, value, rest, rewrite);
            }
        }
        _ => {}
    }
}

fn merge(schema: &Schema, into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(schema, into.entry(name).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) if into.len() == from.len() => {
            for (into, from) in into.iter_mut().zip(from) {
                merge(schema, into, from);
            }
        }
        (_, Value::Null) => {}
        (Value::String(into), Value::String(from)) if schema.is_subtype(&from, into) => {}
        (into, from) => *into = from,
    }
}
