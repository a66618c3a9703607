//! What the usual codings of bytes make of a secret, alone or inside of something longer. Pure
//! functions; which of it is looked for where is decided by the mask.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Codings in letters: base64 in both alphabets, with whatever stands before and behind, twice;
/// base32; backwards.
pub fn letters(text: &str) -> Vec<String> {
    let once = STANDARD_NO_PAD.encode(text);
    let mut all = vec![
        URL_SAFE_NO_PAD.encode(text),
        STANDARD_NO_PAD.encode(&once),
        base32(text.as_bytes()),
        text.chars().rev().collect(),
        once,
    ];
    for before in 0..3 {
        let padded = [&vec![0; before], text.as_bytes()].concat();
        // Letters that hold bits of what stands before or behind are no part of the secret.
        let (from, to) = ((8 * before).div_ceil(6), 8 * padded.len() / 6);
        for coded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            all.extend(coded.get(from..to).map(str::to_owned));
        }
    }
    all
}

/// Codings in numbers, without what separates them: hexadecimal and decimal.
pub fn numbers(text: &str) -> [String; 2] {
    let of = |word: fn(u8) -> String| text.bytes().map(word).collect::<String>();
    [of(|b| format!("{b:02x}")), of(|b| b.to_string())]
}

fn base32(bytes: &[u8]) -> String {
    let groups = bytes.chunks(5).map(|part| {
        let bits = part.iter().fold(0_u64, |sum, b| sum << 8 | u64::from(*b));
        let bits = bits << (40 - 8 * part.len());
        let letters = (8 * part.len()).div_ceil(5);
        (0..letters).map(move |n| bits >> (35 - 5 * n) & 31)
    });
    let letter = |n: u64| BASE32.get(n as usize).map(|b| char::from(*b));
    groups.flatten().filter_map(letter).collect()
}
