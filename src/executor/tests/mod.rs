//! The executor's behaviour, text in, text out: hand-made plans ([`draft`]), fake subgraphs ([`fakes`]), whole exchanges.

mod draft;
mod fakes;
mod hostile;
mod reference;

mod agreement;
mod contexts;
mod entities;
mod failures;
mod introspection;
mod leaves;
mod nulls;
mod places;
mod random;
mod reading;
mod schedule;
mod shared;
mod types;
