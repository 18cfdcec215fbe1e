//! Supergraphs that demand something of callers, and configurations that do not enforce it.

use std::{env, fs, path::PathBuf, process::Command};

const SHOP: &str = include_str!("../cases/supergraphs/shop.graphql");

/// The shop, where only those who have shown who they are see names; the directive has a name of its own.
fn protected() -> String {
    let link = "schema @link(url: \"https://specs.apollo.dev/authenticated/v0.1\", as: \"login\", for: SECURITY)";
    let sdl = SHOP.replacen("schema", link, 1);
    format!("{sdl}\ndirective @login on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM\n")
}

const OPEN: &str = "authorization:\n  directives:\n    enabled: false\n";

/// A directory with files for a command.
struct Files(PathBuf);

impl Files {
    fn new(name: &str, config: &str) -> Self {
        let path =
            env::temp_dir().join(format!("graphway-protected-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("router.yaml"), config).unwrap();
        fs::write(path.join("supergraph.graphql"), protected()).unwrap();
        fs::write(path.join("query.graphql"), "{ __typename }").unwrap();
        Self(path)
    }

    /// What a command says, and how it ends.
    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_graphway"))
            .args(arguments)
            .args(["--supergraph", "supergraph.graphql"])
            .current_dir(&self.0)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        format!("{}: {said}", output.status.code().unwrap())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn it_is_served_to_everybody_where_the_configuration_says_so() {
    let files = Files::new("open", OPEN);
    insta::assert_snapshot!(files.run(&["check"]), @r#"
    0: warning: router.yaml:3:5: `authorization.directives.enabled`: `@authenticated` is not enforced: what it protects is given to everybody
    3 |     enabled: false
      |     ^
    the configuration and the supergraph of 2 subgraphs fit together
    "#);
}

#[test]
fn it_is_served_to_those_who_may_have_it() {
    let files = Files::new("closed", "");
    insta::assert_snapshot!(files.run(&["check"]), @"0: the configuration and the supergraph of 2 subgraphs fit together");
    assert_eq!(files.run(&["plan", "query.graphql"]), "0: ");
}
