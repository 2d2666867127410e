//! The same for several users at once, on the administrators' page.

use serde_json::{Value, json};

use super::Person;
use super::administration::administrator;
use crate::operate::order;

impl Person {
    fn has(&self, arguments: &[&str]) -> Value {
        let answer = order(&self.gateway, &[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&answer).expect("JSON")
    }

    /// Ticks the box of a user with the keyboard.
    fn tick(&mut self, name: &str) {
        let label = json!(format!("Select {name}"));
        self.page.eval(&format!(
            "document.querySelector(`.pick-one[aria-label=${{JSON.stringify({label})}}]`).focus()"
        ));
        self.page.press(" ");
    }

    fn carry_out(&mut self, action: &str) {
        let action = json!(action);
        self.page.eval(&format!(
            "{{ const field = document.querySelector('#bulk-action'); field.value = {action}; \
             field.dispatchEvent(new Event('change', {{ bubbles: true }})); }}"
        ));
        self.page.click("#bulk button[type=submit]");
    }

    /// What the log has of an action: to whom, newest first.
    fn logged(&self, action: &str) -> Vec<String> {
        let records = self.has(&["audit", "--action", action]);
        let records = records["records"].as_array().expect("records");
        let names = records.iter().filter_map(|it| it["user"].as_str());
        names.map(str::to_owned).collect()
    }
}

/// The first administrator among three users.
fn among_users() -> Person {
    let mut root = administrator();
    for name in ["ann", "bob", "eve"] {
        order(&root.gateway, &["users", "add", name]);
    }
    root.open("/_latchkey/admin#users");
    root.await_view("#users-search");
    root
}

#[test]
fn several_users_come_into_a_group_and_each_stands_in_the_log() {
    let mut root = among_users();
    let hidden = "document.querySelector('#bulk').checkVisibility()";
    assert_eq!(root.page.eval(hidden), false);
    root.tick("ann");
    root.seen("1 user is selected");
    root.tick("bob");
    root.seen("2 users are selected");
    let all = "document.querySelector('.pick-all')";
    assert_eq!(root.page.eval(&format!("{all}.indeterminate")), true);
    root.assert_page_is_sound("two users are selected");
    root.page.click("#bulk button[type=submit]");
    root.seen("Choose what to do.");
    root.carry_out("join");
    root.seen("Enter the name of a group.");
    root.page.fill("#bulk-group", "a,b");
    root.page.click("#bulk button[type=submit]");
    root.seen("no commas");
    root.assert_page_is_sound("a group that can be none");
    // The browser notes the 400 itself.
    let _ = root.page.take_console();
    root.page.fill("#bulk-group", "eng");
    root.page.click("#bulk button[type=submit]");
    root.seen("2 users are in the group.");
    root.assert_page_is_sound("two users who were changed");
    for (name, groups) in [
        ("ann", json!(["eng"])),
        ("bob", json!(["eng"])),
        ("eve", json!([])),
    ] {
        assert_eq!(
            root.has(&["users", "show", name])["groups"],
            groups,
            "{name}"
        );
    }
    let mut logged = root.logged("user_update");
    logged.sort();
    assert_eq!(logged, ["ann", "bob"]);
    // Nobody stays selected, so that nothing is done twice by mistake.
    assert_eq!(root.page.eval(hidden), false);
}

#[test]
fn whoever_cannot_be_deleted_is_named_and_stays_selected() {
    let mut root = among_users();
    root.page.click(".pick-all");
    root.seen("4 users are selected");
    root.carry_out("delete");
    root.page
        .wait_for("document.querySelector('#confirm').open");
    root.seen("Delete the selected users (4)?");
    root.seen("ann, bob, eve");
    root.assert_page_is_sound("the question before several are deleted");
    root.page.click("#confirm [value=no]");
    root.page
        .wait_for("!document.querySelector('#confirm').open");
    assert_eq!(
        root.has(&["users", "list"])["users"]
            .as_array()
            .expect("users")
            .len(),
        4
    );
    root.carry_out("delete");
    root.page.click("#confirm[open] [value=yes]");
    root.seen("Done for 3 of 4 users");
    root.seen("root: Nobody disables or deletes their own account.");
    root.seen("1 user is selected");
    let _ = root.page.take_console();
    root.assert_page_is_sound("an action that was not possible for everyone");
    let left = root.has(&["users", "list"]);
    let left: Vec<_> = left["users"].as_array().expect("users").iter().collect();
    assert_eq!((left.len(), &left[0]["name"]), (1, &json!("root")));
    let mut logged = root.logged("user_delete");
    logged.sort();
    logged.dedup();
    assert_eq!(logged.len(), 3, "{logged:?}");
}

#[test]
fn several_are_shut_out_and_let_in_again() {
    let mut root = among_users();
    for name in ["ann", "eve"] {
        root.tick(name);
    }
    root.carry_out("disable");
    root.page.click("#confirm[open] [value=yes]");
    root.seen("2 users are disabled and signed out everywhere.");
    for (name, disabled) in [("ann", true), ("bob", false), ("eve", true)] {
        assert_eq!(
            root.has(&["users", "show", name])["disabled"],
            disabled,
            "{name}"
        );
    }
    root.page.click(".pick-all");
    root.seen("4 users are selected");
    root.carry_out("enable");
    root.seen("4 users can sign in again.");
    assert_eq!(root.has(&["users", "show", "ann"])["disabled"], false);
    root.tick("ann");
    root.tick("bob");
    root.carry_out("end");
    root.page.click("#confirm[open] [value=yes]");
    root.seen("2 users are signed out everywhere.");
}
