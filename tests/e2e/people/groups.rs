//! Groups of users, on the administrators' page.

use serde_json::{Value, json};

use super::administration::administrator;
use crate::operate::order;

#[test]
fn a_groups_field_takes_nobody_out_whom_another_has_put_in() {
    let mut root = administrator();
    order(&root.gateway, &["users", "add", "ann", "--group", "staff"]);
    root.open("/_latchkey/admin#users/ann");
    root.await_view("#user-form");
    order(
        &root.gateway,
        &["users", "set", "ann", "--add-group", "oncall"],
    );
    root.page
        .fill("#user-form [name=groups]", "eng, with space");
    root.page.click("#user-form button[type=submit]");
    root.seen("Saved.");
    let shown = order(&root.gateway, &["users", "show", "ann", "-o", "json"]);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["groups"], json!(["oncall", "eng", "with space"]));
    root.page.fill("#user-form [name=groups]", &"x".repeat(65));
    root.page.click("#user-form button[type=submit]");
    root.seen("Groups have 1 to 64 visible characters each");
    root.assert_page_is_sound("a group with too long a name");
}

#[test]
fn whoever_leaves_a_group_of_their_own_is_asked_first() {
    let mut root = administrator();
    root.open("/_latchkey/admin#users/root");
    root.await_view("#user-form");
    root.page.fill("#user-form [name=groups]", "staff");
    root.page.click("#user-form button[type=submit]");
    root.page
        .wait_for("document.querySelector('#confirm').open");
    root.seen("Leave latchkey-admins?");
    root.assert_page_is_sound("the question before a group is left");
    root.page.press("Escape");
    root.page
        .wait_for("!document.querySelector('#confirm').open");
    let shown = order(&root.gateway, &["users", "show", "root", "-o", "json"]);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["groups"], json!(["latchkey-admins"]));
}
