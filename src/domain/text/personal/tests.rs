//! What is personal data, and what only looks a little like it.
//! All addresses and numbers here are reserved for documentation.

use super::*;

#[test]
fn mail_card_and_phone_are_taken_out_and_named() {
    for (outside, shown, kind) in [
        ("by jane.doe+shop@example.com.", "by [e-mail].", Personal::Mail),
        ("/account/max@shop.example.de/orders", "/account/[e-mail]/orders", Personal::Mail),
        ("pay 4111 1111 1111 1111 refused", "pay [card] refused", Personal::Card),
        ("5555555555554444", "[card]", Personal::Card),
        ("no order for 378282246310005!", "no order for [card]!", Personal::Card),
        ("call +49 30 901820 now", "call [phone] now", Personal::Phone),
        ("call (555) 010-4567", "call [phone]", Personal::Phone),
    ] {
        assert_eq!(redacted(outside), Some((shown.to_owned(), vec![kind])), "{outside}");
    }
    let two = redacted("jane@example.com +442079460958 jane@example.com").expect("found");
    assert_eq!(
        two,
        ("[e-mail] [phone] [e-mail]".to_owned(), vec![Personal::Mail, Personal::Phone])
    );
}

#[test]
fn names_versions_times_and_ids_stay() {
    for outside in [
        "theme-2026.11.19-3",
        "checkout-app@2.14.0-rc.1",
        "shop@sha256:9f86d081884c7d659a2f",
        "app@v2.beta",
        "git@github.com:demo/shop.git",
        "41898282+bot@users.noreply.github.com",
        "2026-11-19T12:00:00Z",
        "20261119120000",
        "1763553600000",
        "4111111111111112",
        "0000000000000000",
        "build 4111111111111111a",
        "1.2.3+20261119",
        "10.0.0.1:9090 9 of 12 rows, 1234567 samples",
        "d690c5e1763553600000aa",
        "root@bastion:~#",
        "@everyone",
        "",
    ] {
        assert_eq!(redacted(outside), None, "{outside}");
    }
}

#[test]
fn redacting_twice_changes_nothing_and_odd_text_is_survived() {
    for outside in
        ["é@ü.de jane@example.com é", "@@@@...@@@", "+", "(((((((((1", "+-+-+-+-+-+-1234567890"]
    {
        if let Some((once, _)) = redacted(outside) {
            assert_eq!(redacted(&once), None, "{outside}");
        }
    }
}
