//! The executor agrees with one so slow and obvious that it can be read ([`reference`]), whatever subgraphs answer.

use super::draft::{At, Draft, at, supergraph};
use super::fakes::answer as sent_back;
use super::hostile::{Hostility, Level, answer};
use super::reference::{self, Outcome, Sent};
use crate::executor::{
    Answer, Call, CallError, PathSegment, Program, Reply, Request, Response, Subgraphs, compile,
    run,
};
use crate::planner::{FetchKind, Plan};
use bytes::Bytes;
use futures_util::FutureExt;
use proptest::prelude::*;
use serde_json::{Map, value::RawValue};
use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// Subgraphs that answer by a function of the fetch and what it sends.
pub(super) struct Subject<'a> {
    pub plan: &'a Plan,
    pub answer: &'a (dyn Fn(usize, &Sent) -> Answer + Sync),
    pub calls: Mutex<Vec<(usize, Sent)>>,
}

impl Subgraphs for Subject<'_> {
    fn call<'a>(
        &'a self,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>> {
        let body: BTreeMap<String, &RawValue> = serde_json::from_slice(&call.body).unwrap();
        let fetch: String = serde_json::from_str(body["query"].get()).unwrap();
        let fetch: usize = fetch.parse().unwrap();
        let sent = match &self.plan.fetches[fetch].kind {
            FetchKind::Root { .. } => Vec::new(),
            FetchKind::Entities(fields) => {
                let variables = body["variables"].get();
                let variables: BTreeMap<String, Vec<&RawValue>> =
                    serde_json::from_str(variables).unwrap();
                let texts = |list: &Vec<&RawValue>| {
                    let texts = list.iter().map(|text| text.get().to_owned());
                    texts.collect::<Vec<_>>()
                };
                let fields = fields.iter();
                fields
                    .map(|field| texts(&variables[&field.variable]))
                    .collect()
            }
        };
        let answer = (self.answer)(fetch, &sent);
        self.calls.lock().unwrap().push((fetch, sent));
        Box::pin(ready(Ok(answer)))
    }
}

impl Subject<'_> {
    pub(super) fn respond(&self, program: &Arc<Program>) -> Response {
        let variables = Map::new();
        let request = Request {
            variables: &variables,
            introspection: None,
            subgraphs: self,
        };
        let reply = run(program, request).now_or_never();
        let Reply::One(response) = reply.expect("the subgraphs answer at once");
        response
    }
}

fn outcome(plan: &Plan, hostility: Hostility) -> Outcome {
    let subject = Subject {
        plan,
        answer: &|fetch, sent| {
            let body = answer(plan, fetch, sent, hostility);
            Answer {
                body: Bytes::from(body),
                ..sent_back(200, "")
            }
        },
        calls: Mutex::default(),
    };
    let response = subject.respond(&compile(supergraph(), plan.clone()));
    let segment = |segment: &PathSegment| match segment {
        PathSegment::Key(key) => key.to_string(),
        PathSegment::Index(index) => index.to_string(),
    };
    let told = response.errors.iter().map(|error| {
        let path: Vec<String> = error.path.iter().map(segment).collect();
        format!("{:?} at {}", error.code, path.join("."))
    });
    let mut errors: Vec<String> = told.collect();
    errors.sort();
    Outcome {
        calls: subject.calls.into_inner().unwrap(),
        data: str::from_utf8(response.data()).unwrap().to_owned(),
        errors,
    }
}

/// Fetches are told apart by their documents.
fn numbered(mut plan: Plan) -> Plan {
    for (index, fetch) in plan.fetches.iter_mut().enumerate() {
        fetch.document = index.to_string().into();
    }
    plan
}

/// Plans in which places share entities, and entities hold entities.
pub(super) fn plans() -> Vec<Plan> {
    let drafts = [
        leaves(),
        entities_in_entities(),
        value_types_of_many(),
        one_list_for_two(),
        abstract_entities(),
        roots_deeper(),
    ];
    drafts.into_iter().map(numbered).collect()
}

fn user(position: &'static str, read: &'static str) -> At {
    at(position, "{ id }", read)
}

fn leaves() -> Plan {
    let selection = "{ count me { id name age active role roles score meta metas tags strictTags grid } strict { id email } matrix { email meta } }";
    Draft::query().root("a", &[], selection).plan(selection)
}

fn entities_in_entities() -> Plan {
    Draft::query()
        .root("a", &[], "{ users { id } me { id best { id } } }")
        .entities("b", &[0], vec![user("users", "{ name friends { id } best { id reviews { body author { id } } } }")])
        .entities("c", &[1], vec![user("users.friends", "{ age friend { email } }"), user("users.best", "{ age address { city } }")])
        .batch("a", &[2], vec![user("users.best.reviews.author", "{ email score }"), user("users.best", "{ address { street zips { code } } }")])
        .plan("{ users { id name friends { age friend { email } } best { age address { city street zips { code } } reviews { body author { email score } } } } }")
}

fn value_types_of_many() -> Plan {
    Draft::query()
        .root("a", &[], "{ users { id address { street zips { code } } } }")
        .entities("b", &[0], vec![user("users", "{ address { city zips { area } } }")])
        .entities("c", &[1], vec![user("users", "{ name address { zips { code } } friends { id } }")])
        .batch("b", &[2], vec![user("users.friends", "{ address { street zips { code } } }")])
        .batch("c", &[3], vec![user("users.friends", "{ address { city zips { area } } }")])
        .batch("a", &[4], vec![at("users.friends", "{ address { city @requires } id }", "{ age }")])
        .plan("{ users { name address { street city zips { code area } } friends { age address { street city zips { code area } } } } }")
}

fn one_list_for_two() -> Plan {
    Draft::query()
        .root("a", &[], "{ users { id friends { id } } strict { id } }")
        .entities("b", &[0], vec![user("users", "{ name }"), user("users.friends", "{ name metas }"), user("strict", "{ email reviews { id body } }")])
        .batch("c", &[1], vec![user("strict", "{ strictTags friends { id } }"), user("users.friends", "{ age roles }")])
        .entities("a", &[2], vec![user("strict.friends", "{ email best { id } }")])
        .plan("{ shown: users { name friends { metas name age roles } } strict { email strictTags reviews { body } friends { email best { id } } } }")
}

fn abstract_entities() -> Plan {
    let media = |position, read| at(position, "{ id }", read);
    Draft::query()
        .root("a", &[], "{ media { __typename id author { id } } film { id } }")
        .entities("b", &[0], vec![
            media("media", "{ __typename ... on Book { pages } ... on Film { minutes } title }"),
            user("media.author", "{ favourite { __typename id ... on Book { pages } } }"),
        ])
        .batch("c", &[1], vec![
            media("media.author.favourite", "{ title author { id name } }").only("Media"),
            media("film", "{ minutes title }"),
        ])
        .plan("{ media { __typename title ... on Book { pages } ... on Film { minutes } author { favourite { __typename id title author { name } ... on Book { pages } } } } film { id minutes title } }")
}

fn roots_deeper() -> Plan {
    Draft::query()
        .root("a", &[], "{ users { id best { id } } }")
        .root_at("users.best", "b", &[0], "{ name address { street zips { code } } friends { id } }")
        .entities("c", &[1], vec![user("users.best.friends", "{ age address { city } }")])
        .batch("a", &[2], vec![user("users.best.friends", "{ address { street zips { area } } }")])
        .plan("{ users { best { id name address { street zips { code } } friends { age address { city street zips { area } } } } } }")
}

fn hostilities() -> impl Strategy<Value = Hostility> {
    let levels = vec![Level::Plain, Level::Loose, Level::Odd, Level::Broken];
    (any::<u64>(), prop::sample::select(levels)).prop_map(|(seed, level)| Hostility { seed, level })
}

proptest! {
    #[test]
    fn both_executors_agree_whatever_subgraphs_answer(
        which in 0..6usize,
        hostility in hostilities(),
    ) {
        let plan = plans().swap_remove(which);
        let expected = reference::run(&plan, &|fetch, sent| answer(&plan, fetch, sent, hostility));
        let actual = outcome(&plan, hostility);
        prop_assert_eq!(&actual.calls, &expected.calls);
        prop_assert_eq!(&actual.data, &expected.data);
        prop_assert_eq!(&actual.errors, &expected.errors);
    }
}
