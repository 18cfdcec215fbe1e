//! Cases under callgrind, and what it counted.

use crate::cases::{CASES, Case, MEASURED, RUNS};
use anyhow::{Context, Result, ensure};
use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

/// A table with a column for each build, and the ratio of the last to the first where there are two.
pub(crate) fn table(builds: &[(&str, PathBuf)]) -> Result<String> {
    let mut out = String::from("| instructions a request |");
    for (name, _) in builds {
        write!(out, " {name} |")?;
    }
    out += if builds.len() == 2 {
        " × |\n|---|"
    } else {
        "\n|---|"
    };
    let columns = builds.len() + usize::from(builds.len() == 2);
    out += &"--:|".repeat(columns);
    out.push('\n');
    for case in &CASES {
        let counted = builds.iter().map(|(_, path)| count(path, case));
        let counted: Vec<Counted> = counted.collect::<Result<_>>()?;
        let mut row = |name: &str, of: &dyn Fn(&Counted) -> u64| -> Result<()> {
            let each: Vec<u64> = counted.iter().map(of).collect();
            if each.iter().all(|instructions| *instructions == 0) {
                return Ok(());
            }
            write!(out, "| {name} |")?;
            for instructions in &each {
                write!(out, " {} |", grouped(instructions / RUNS as u64))?;
            }
            if let [before, after] = each[..] {
                write!(out, " {:.4} |", after as f64 / before as f64)?;
            }
            out.push('\n');
            Ok(())
        };
        row(case.name, &|counted| counted.all)?;
        for (name, function) in case.parts {
            let of = |counted: &Counted| counted.inside.get(*function).copied().unwrap_or(0);
            row(&format!("{}: {name}", case.name), &of)?;
        }
    }
    Ok(out)
}

/// Instructions: all, and those inside of functions, what they call included.
#[derive(Default)]
struct Counted {
    all: u64,
    inside: HashMap<String, u64>,
}

fn count(build: &Path, case: &Case) -> Result<Counted> {
    let file = env::temp_dir().join(format!("hot-{}.callgrind", process::id()));
    let mut command = Command::new("valgrind");
    let command = command
        .args(["--tool=callgrind", "--quiet", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={MEASURED}*"))
        .arg(format!("--callgrind-out-file={}", file.display()))
        // Nothing of the caller's environment, where seeds and sizes could come from.
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .arg(build)
        .args(["case", case.name]);
    let status = command.status().context("valgrind")?;
    ensure!(status.success(), "{}: {status}", case.name);
    let profile = fs::read_to_string(&file)?;
    fs::remove_file(&file)?;
    let counted = read(&profile);
    ensure!(counted.all > 0, "{}: nothing was counted", case.name);
    Ok(counted)
}

/// Reads a profile: `cfn=(3) name` and `calls=…` stand before a line whose last number is what such calls took.
/// <https://valgrind.org/docs/manual/cl-format.html>
fn read(profile: &str) -> Counted {
    let mut counted = Counted::default();
    let mut names: HashMap<&str, &str> = HashMap::new();
    let (mut caller, mut called, mut is_call) = ("", "", false);
    for line in profile.lines() {
        if let Some(total) = line.strip_prefix("totals: ") {
            counted.all = total.trim().parse().unwrap_or(0);
        } else if let Some(name) = line.strip_prefix("fn=") {
            caller = named(name, &mut names);
        } else if let Some(name) = line.strip_prefix("cfn=") {
            called = named(name, &mut names);
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if std::mem::take(&mut is_call) && caller != called {
            let cost = line.rsplit(' ').next().and_then(|cost| cost.parse().ok());
            *counted.inside.entry(called.to_owned()).or_default() += cost.unwrap_or(0u64);
        }
    }
    counted
}

/// `(3) name` says what 3 is, `(3)` stands for that.
fn named<'p>(text: &'p str, names: &mut HashMap<&'p str, &'p str>) -> &'p str {
    let (id, name) = text.split_once(' ').unwrap_or((text, ""));
    if name.is_empty() {
        return names.get(id).copied().unwrap_or("");
    }
    // A recursive call has its depth behind an apostrophe.
    let name = name.split('\'').next().unwrap_or(name);
    names.insert(id, name);
    name
}

/// 1234567 → `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
