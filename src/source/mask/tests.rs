//! Secrets in every spelling, and ordinary words that stay.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::*;

fn mask(secret: &str) -> Mask {
    let mut mask = Mask::default();
    mask.learn(&SecretString::from(secret.to_owned()));
    mask
}

#[test]
fn every_spelling_of_a_secret_goes() {
    let secret = "s3cr\"t/+ä &x9z";
    for spelled in [
        secret.to_owned(),
        secret.to_uppercase(),
        serde_json::to_string(secret).expect("json"),
        serde_json::to_string(&serde_json::to_string(secret).expect("json")).expect("twice"),
        "s3cr%22t%2F%2B%C3%A4%20%26x9z".to_owned(),
        "s3cr%22t%2f%2b%c3%a4+%26x9z".to_owned(),
        "s3cr%2522t%252F%252B%25C3%25A4%2520%2526x9z".to_owned(),
        "s3cr\\u0022t\\/\\u002b\\u00e4\\u0020&x9z".to_owned(),
        "s3cr&quot;t/+ä &amp;x9z".to_owned(),
        "s3cr&#34;t&#x2F;&#43;&#xE4;&#32;&#38;x9z".to_owned(),
        "s3c\n    r\"t/+ä\r\n &x9z".to_owned(),
        "s3cr\\\"t/\\n+ä &x9z".to_owned(),
        STANDARD_NO_PAD.encode(secret),
        format!("{}=", STANDARD_NO_PAD.encode(secret).replace('a', "a\r\n")),
        URL_SAFE_NO_PAD.encode(secret),
    ] {
        let shown = mask(secret).text(&format!("bad key <{spelled}> given"));
        assert!(shown.contains("***"), "{spelled} -> {shown}");
        for piece in ["s3c", "x9z", "czNj", "S3C"] {
            assert!(!shown.contains(piece), "{spelled} -> {shown}");
        }
    }
}

#[test]
fn pieces_of_a_secret_go_and_short_or_ordinary_words_stay() {
    let mask = mask("ghp_16C7e42F292c6912E7710c838347Ae178B4a");
    for (told, shown) in [
        ("token ghp_16C7e42F292... is bad", "token ***... is bad"),
        ("token ...0c838347Ae178B4a is bad", "token ...*** is bad"),
        ("ends in 178B4a", "ends in ***"),
        ("http 401: bad credentials", "http 401: bad credentials"),
        ("", ""),
    ] {
        assert_eq!(mask.text(told), shown);
    }
    let short = self::mask("abc");
    assert_eq!(short.text("abc"), "abc", "three letters cannot be told from a word");
    assert!(format!("{mask:?}").ends_with(" spellings)"));
}

#[test]
fn answers_lose_whole_secrets_and_data_keeps_its_words() {
    let answer = |status: u16, body: &str| HttpAnswer {
        status,
        headers: BTreeMap::from([("etag".to_owned(), "Bearer hunter22x".to_owned())]),
        body: body.as_bytes().to_vec(),
    };
    let mut good = answer(200, "{\"author\":\"hunter22x\",\"service\":\"shop\"}");
    let mut mask = mask("hunter22x");
    mask.learn(&SecretString::from("shop".to_owned()));
    mask.answer(&mut good);
    assert_eq!(good.header("etag"), Some("Bearer ***"));
    assert_eq!(good.text(), Ok("{\"author\":\"***\",\"service\":\"shop\"}"));
    let mut bad = answer(401, "shop \\u0068unter22x");
    mask.answer(&mut bad);
    assert_eq!(bad.text(), Ok("*** ***"));
    let mut none = answer(200, "untouched");
    Mask::default().answer(&mut none);
    assert_eq!(none.text(), Ok("untouched"));
}

#[test]
fn basic_is_known_as_it_is_sent() {
    let mut mask = Mask::default();
    mask.learn_basic("u", &SecretString::from("CANARY-1".to_owned()));
    let sent = "Basic dTpDQU5BUlktMQ==";
    assert!(!mask.text(sent).contains("dTpDQU5"), "{}", mask.text(sent));
    assert_eq!(mask.text("user u"), "user u");
}

#[test]
fn a_config_tells_secrets_by_name_and_by_looks() {
    let mut mask = Mask::default();
    mask.learn_address(
        "https://a:pass%2Fword9@h/v1/0f8b6d3e-1111-4c2a-9d7e-5a5a5a5a5a5a/x\
         ?api_key=K3yK3y&env=prod",
    );
    mask.learn_header("X-Scope-OrgID", "checkout-team");
    mask.learn_header("Accept", "application/json");
    mask.learn_body("{\"apiKey\":\"Body-Key-1\",\"sort_key\":\"timestampMs\",\"q\":\"SELECT 1\"}");
    mask.learn_body("SELECT token FROM t WHERE key = 'production9'");
    let told = "pass/word9 pass%2Fword9 0f8b6d3e-1111-4c2a-9d7e-5a5a5a5a5a5a K3yK3y Body-Key-1";
    for word in mask.text(told).split(' ') {
        assert_eq!(word, "***", "{}", mask.text(told));
    }
    let plain = "prod application/json checkout SELECT production9 v1 x";
    assert_eq!(mask.text(plain), plain);
    assert_eq!(mask.text("tenant checkout-team"), "tenant ***");
}

/// `secret` with each byte in another way.
fn each(secret: &str, between: &str, word: fn(u8) -> String) -> String {
    secret.bytes().map(word).collect::<Vec<_>>().join(between)
}

#[test]
fn codings_of_bytes_go_whole_and_in_longer_ones() {
    let secret = "Zq7/t0ken-9x!Kp>?~w2";
    let hex: fn(u8) -> String = |b| format!("{b:02x}");
    let upper: fn(u8) -> String = |b| format!("{b:02X}");
    let mut spelled = vec![
        each(secret, "", hex),
        each(secret, " ", hex),
        each(secret, ":", upper),
        each(secret, "-", hex),
        each(secret, ", ", |b| format!("0x{b:02x}")),
        format!("[{}]", each(secret, ", ", |b| b.to_string())),
        format!("[{}]", each(secret, ",", |b| b.to_string())),
        each(secret, "", |b| format!("\\{b:03o}")),
        each(secret, "", |b| format!("\\u{{{b:x}}}")),
        each(secret, "", |b| format!("={b:02X}")),
        each(secret, "\x1b[1m", |b| char::from(b).to_string()),
        secret.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).expect("wide")).collect(),
        secret.chars().rev().collect(),
        STANDARD.encode(STANDARD.encode(secret)),
        coding::letters(secret)[2].clone(),
    ];
    for before in ["", "x", "xy", "xyz", "X-Token: ", "Authorization: Bearer "] {
        for behind in ["", "\n", " 2", "and"] {
            let whole = format!("{before}{secret}{behind}");
            spelled.extend([STANDARD.encode(&whole), URL_SAFE.encode(&whole)]);
        }
    }
    let mask = mask(secret);
    for one in spelled {
        let shown = mask.text(&format!("denied for <{one}>"));
        assert!(shown.starts_with("denied for <") && shown.contains("***"), "{one} -> {shown}");
        let length = one.chars().count();
        let core: String = one.chars().skip(length / 3).take(length / 3).collect();
        assert!(!shown.contains(&core), "{one} -> {shown}");
        let mut good = HttpAnswer {
            status: 200,
            headers: BTreeMap::new(),
            body: format!("<{one}>").into_bytes(),
        };
        mask.answer(&mut good);
        assert!(String::from_utf8_lossy(&good.body).contains("***"), "{one}");
    }
}

#[test]
fn base32_is_that_of_the_standard() {
    assert_eq!(coding::letters("foobar")[2], "MZXW6YTBOI");
    assert_eq!(coding::letters("fooba")[2], "MZXW6YTB");
}

#[test]
fn numbers_and_names_that_are_no_secret_stay() {
    let mask = mask("Zq7/t0ken-9x!Kp>?~w2");
    let told = "at 2026-11-30T14:24:03Z commit 6caa097f3e9726acc3e12b0b5a71372f took 90, 113 ms, \
                key=5A0, \\1 of 113, id 5a71-3a2f, Basic realm";
    assert_eq!(mask.text(told), told);
}

#[test]
fn a_large_answer_is_looked_through_and_stays_as_it_is() {
    let mut mask = mask("Zq7/t0ken-9x!Kp>?~w2");
    mask.learn_basic("ci", &SecretString::from("hunter2 hunter2".to_owned()));
    let row = "{\"name\":\"shop_requests_total\",\"value\":5371,\"id\":\"5a71-3a2f\"},\n";
    let body = row.repeat(4 << 20 >> 6).into_bytes();
    let mut answer = HttpAnswer { status: 200, headers: BTreeMap::new(), body: body.clone() };
    mask.answer(&mut answer);
    assert_eq!(answer.body.len(), body.len());
}
