//! Answers as receivers write them, and what they say.

use serde_json::json;

use super::*;

#[test]
fn words_are_found_where_receivers_put_them_and_nowhere_else() {
    let of = |mark| {
        let mut says = Says::default();
        says.add(mark);
        says
    };
    let done = of(SaidMark::Done);
    assert_eq!(json(&json!({ "status": "Done" })), done);
    assert_eq!(json(&json!({ "operation": { "status": { "phase": "Succeeded" } } })), done);
    assert_eq!(json(&json!({ "log": { "status": "failed" }, "note": "error" })), Says::default());
    assert_eq!(json(&json!({ "done": false })), of(SaidMark::Running));
    assert!(json(&json!({ "jobs": { "x": { "triggered": false } } })).only_failed());
    assert!(json(&json!({ "ok": true, "errors": ["x"] })).has(SaidMark::Failed));
    assert!(!json(&json!({ "ok": true, "errors": ["x"] })).only_failed());
    let mut deep = json!({ "status": "failed" });
    for _ in 0..50 {
        deep = json!({ "data": deep });
    }
    assert_eq!(json(&deep), Says::default(), "looked into so deep and no deeper");
}

#[test]
fn a_fault_is_loaded_or_it_is_none() {
    for none in
        [json!(null), json!(""), json!(0), json!([]), json!({}), json!("none"), json!(false)]
    {
        assert!(json(&json!({ "error": none })).no_harm());
    }
    for loaded in [json!("x"), json!(1), json!(["x"]), json!({ "message": "x" }), json!(true)] {
        assert!(json(&json!({ "error": loaded })).only_failed());
    }
}
