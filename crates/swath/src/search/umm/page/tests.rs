use serde_json::{Value, json};

use super::super::super::tests::{NAME, item};
use super::*;

fn read(text: &str) -> Result<Page, String> {
    Page::read(&Bytes::copy_from_slice(text.as_bytes()))
}

#[test]
fn members_of_a_page_come_in_any_order_and_spacing() {
    let text = r#" { "took":1 , "items" : [ {"umm":{"GranuleUR":"A"}} ,
        {"meta":{"concept-id":"G7-ASF"},"umm":[]}, null ] , "other":{"items":[]}, "hits":3 } "#;
    let page = read(text).unwrap();
    assert_eq!((page.hits, page.rows(), page.granules.len()), (3, 3, 1));
    assert_eq!(page.granules[0].item, r#"{"umm":{"GranuleUR":"A"}}"#);
    let ids: Vec<_> = page.odd.iter().map(|odd| odd.concept_id.as_deref()).collect();
    assert_eq!(ids, [Some("G7-ASF"), None]);
    assert_eq!(read(r#"{"items":[]}"#).unwrap().rows(), 0);
}

#[test]
fn what_is_no_page_is_told_in_the_parsers_words() {
    for (text, word) in [
        ("", "EOF"),
        ("{}", "items"),
        ("[]", "items"),
        (r#"{"items":{}}"#, "items"),
        (r#"{"items":[{"umm":{"GranuleUR":"A"}}"#, "EOF"),
        (r#"{"items":[{"umm":{"GranuleUR":"A}}]}"#, "EOF"),
        (r#"{"items":[1 2]}"#, "line 1 column 13"),
        (r#"{"items":[1,]}"#, "line 1 column 13"),
        (r#"{"items":[]} x"#, "trailing"),
        (r#"{"items":[{]}]}"#, "line 1"),
        (r#"{"items":["\\\"]}"#, "EOF"),
        (r#"{"items":[],"hits":"many"}"#, "items"),
    ] {
        let why = read(text).unwrap_err();
        assert!(why.contains(word), "{text}: {why}");
    }
    assert!(Page::read(&Bytes::from_static(b"{\"items\":[\"\xFF\"]}")).unwrap_err().contains("utf-8"));
}

#[test]
fn an_item_that_says_a_thing_twice_is_odd() {
    let page = read(r#"{"items":[{"umm":{"GranuleUR":"A","GranuleUR":"B"}},{"umm":{"GranuleUR":"C"}}]}"#);
    let page = page.unwrap();
    assert_eq!((page.granules[0].name.as_str(), page.odd.len()), ("C", 1));
    assert!(page.odd[0].why.contains("GranuleUR"), "{}", page.odd[0].why);
}

#[test]
fn quotation_marks_and_brackets_within_texts_end_nothing() {
    let page = read(
        r#"{"items":[{"a":"]}\\\",","umm":{"GranuleUR":"A\\"}} ,{"\"":"[","umm":{"GranuleUR":"\u0042\""}}]}"#,
    )
    .unwrap();
    let names: Vec<&str> = page.granules.iter().map(|granule| granule.name.as_str()).collect();
    assert_eq!(names, ["A\\", "B\""]);
}

#[test]
fn a_record_nested_without_end_is_no_harm() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let page = read(&format!(r#"{{"items":[{{"meta":{deep},"umm":{{"GranuleUR":"A"}}}}]}}"#)).unwrap();
    assert_eq!((page.granules[0].name.as_str(), page.granules[0].umm()), ("A", Value::Null));
}

#[test]
fn a_long_page_is_the_same_as_its_items_alone() {
    let mut items: Vec<Value> = (0..1500)
        .map(|number| {
            let mut one =
                item(&NAME.replace("_001", &format!("_{:03}", number % 1000)), "2025-11-22T02:46:52Z");
            one["meta"]["concept-id"] = format!("G{number}-ASF").into();
            one["umm"]["Padding"] = "p".repeat(3000).into();
            one
        })
        .collect();
    items[700] = json!({"meta": {"concept-id": "G700-ASF"}});
    let text = json!({"hits": 1500, "items": items}).to_string();
    assert!(text.len() > 2 * BATCH);
    let page = read(&text).unwrap();
    assert_eq!((page.granules.len(), page.odd[0].concept_id.as_deref()), (1499, Some("G700-ASF")));
    let expected = items.iter().filter(|item| item["umm"].is_object());
    for (granule, item) in page.granules.iter().zip(expected) {
        assert_eq!(granule.item, item.to_string());
        assert_eq!(Some(granule.name.as_str()), item["umm"]["GranuleUR"].as_str());
        assert_eq!(granule.concept_id.as_deref(), item["meta"]["concept-id"].as_str());
    }
}

/// What looks like the beginning of an item need not be one: lists within an item may hold such objects, and so may what comes
/// after the items.
#[test]
fn a_guess_that_does_not_hold_is_no_harm() {
    let inner = vec![json!({"meta": {"padding": "p".repeat(50_000)}}); 60];
    let items = json!([{"meta": {"concept-id": "G1-ASF"}, "umm": {"GranuleUR": "A", "Inner": inner}}, {"umm": {"GranuleUR": "B"}}]);
    let text = format!(r#"{{"items":{items},"other":{}}}"#, json!(inner));
    assert!(text.len() > 2 * BATCH);
    let page = read(&text).unwrap();
    let names: Vec<&str> = page.granules.iter().map(|granule| granule.name.as_str()).collect();
    assert_eq!((names, page.granules[0].concept_id.as_deref()), (vec!["A", "B"], Some("G1-ASF")));
    let cut = &text[..text.len() - 2];
    assert!(read(cut).unwrap_err().contains("EOF"), "cut");
}
